"""Sending a workload to a server with the load generator, and what came of it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.pgbench import Rate, quantile
from bench.workloads import FRESH, MADE, Request, Target, Workload

MOST = 200_000
SCRIPTS = Path(__file__).resolve().parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Driven:
    """`server_cpu` and `generator_cpu` are µs of those processes for one operation."""

    rate: Rate
    server_cpu: float
    generator_cpu: float


def drive(
    port: int, pid: int, workload: Workload, targets: Sequence[Target], *, connections: int, seconds: float
) -> Driven:
    """Load for `seconds` with `connections`, each on targets of its own; a second or less before it warms up."""
    plan = {
        "port": port,
        "most": MOST,
        "connections": [
            [
                [_bytes(step, target.token) for step in workload.steps(target)]
                for target in targets[n::connections]
            ]
            for n in range(min(connections, len(targets)))
        ],
    }
    _generate(plan | {"seconds": min(1.0, seconds / 4)})
    before = cpu_seconds(pid)
    found = _generate(plan | {"seconds": seconds})
    server = cpu_seconds(pid) - before
    taken = sorted(found["taken"])
    rate = Rate(
        len(taken) / found["seconds"], quantile(taken, 0.5) * 1000, quantile(taken, 0.99) * 1000, len(taken)
    )
    return Driven(rate, server / len(taken) * 1e6, found["cpu_seconds"] / len(taken) * 1e6)


def _generate(plan: dict[str, object]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hangar-load-") as folder:
        wanted, result = Path(folder, "plan.json"), Path(folder, "result.json")
        wanted.write_text(json.dumps(plan))
        done = subprocess.run(
            [sys.executable, "-m", "bench.load", str(wanted), str(result)],
            cwd=SCRIPTS,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"the load generator failed:\n{done.stderr[-2000:]}")
        return json.loads(result.read_text())


def _bytes(request: Request, token: str) -> str:
    """A request as it goes over the wire. Both places keep their length when they are filled."""
    if MADE in request.body or len(FRESH) != 12:
        raise ValueError("a place whose length changes may not stand in a body")
    head = [
        f"{request.method} {request.path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
    ]
    if request.body:
        head += ["Content-Type: application/json", f"Content-Length: {len(request.body.encode())}"]
    return "\r\n".join(head) + "\r\n\r\n" + request.body


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, all its threads (Linux; 0 elsewhere)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
