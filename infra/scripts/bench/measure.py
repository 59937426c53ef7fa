"""One run: fill, record, and drive each workload through the product, the bare handler and pgbench in turn."""

import argparse
import asyncio
import io
import json
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import structlog

from app.kernel.embedded.process import child_environment
from app.main import create_app
from bench import bare, fleet, inprocess, pgbench, trace
from bench.drive import SCRIPTS, Driven, drive
from bench.inprocess import Cost
from bench.stack import Stack, from_environment
from bench.trace import Trace
from bench.workloads import Request, Target, Workload, sign_in

# Assets that nothing holds: recorded writes must find them as they were, time and again.
_CHOSEN = """
SELECT t.id::text, (SELECT a.id::text FROM asset a
                    WHERE a.tenant_id = t.id AND a.retired_at IS NULL
                      AND NOT EXISTS (SELECT FROM asset_block b
                                      WHERE b.tenant_id = a.tenant_id AND b.asset_id = a.id AND b.ended_at IS NULL)
                    ORDER BY md5(a.id::text) LIMIT 1)
FROM tenant t WHERE t.name LIKE %s || '-%%' ORDER BY md5(t.name) LIMIT %s
"""


@dataclass(frozen=True)
class Scale:
    """How big and how long. `targets`: so many of the tenants are asked, each about one of its assets."""

    assets: int = 100_000
    tenants: int = 100
    targets: int = 12
    connections: int = 12
    seconds: float = 8.0
    rounds: int = 10
    each: int = 64


@dataclass
class Figures:
    """One workload's results. `plain` and `app` are pgbench's, by role."""

    product: Driven
    bare: Driven
    plain: pgbench.Rate
    app: pgbench.Rate
    cost: Cost | None = None
    bare_cost: Cost | None = None


@dataclass
class Run:
    scale: Scale
    fill_seconds: float
    figures: dict[str, Figures] = field(default_factory=dict)
    floor: Cost | None = None
    plans: list[str] = field(default_factory=list)


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    for name, kind in Scale.__annotations__.items():
        parser.add_argument(f"--{name}", type=kind, default=getattr(Scale, name))
    parser.add_argument("--write", action="store_true", help="write the result into docs/benchmarks.md")
    return parser.parse_args()


def scale_of(given: argparse.Namespace) -> Scale:
    return Scale(**{name: getattr(given, name) for name in Scale.__annotations__})


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def measure(workloads: Sequence[Workload], scale: Scale) -> tuple[Run, dict[str, list[Trace]], Stack]:
    """Everything about the workloads. Raises `NoStackError` without a server to fill and load."""
    stack = from_environment()
    named = fleet.prefix()
    say(f"filling {scale.assets} assets among {scale.tenants} tenants")
    run = Run(
        scale, fleet.fill(stack.urls["superuser_url"], named, tenants=scale.tenants, assets=scale.assets)
    )
    say(f"filled in {run.fill_seconds:.0f} s; signing in")
    with psycopg.connect(stack.urls["superuser_url"]) as conn:
        targets = sign_in(stack.base_url, conn.execute(_CHOSEN, (named, scale.targets)).fetchall())
    plain = await _traces(stack, "superuser", workloads, targets)
    traced = await _traces(stack, "app", workloads, targets)
    with bare_server(stack, traced) as (port, pid):
        for workload in workloads:
            say(f"driving {workload.title}")
            run.figures[workload.key] = _drive(stack, workload, targets, scale, plain, traced, (port, pid))
    say("measuring CPU in process")
    await _costs(stack, workloads, targets, traced, run)
    return run, traced, stack


async def _traces(
    stack: Stack, role: str, workloads: Sequence[Workload], targets: Sequence[Target]
) -> dict[str, list[Trace]]:
    app = create_app(stack.settings(role))
    _quiet()
    async with inprocess.started(app):
        engine = app.state.runtime.database.engine
        found = {}
        for workload in workloads:
            for _ in range(2):  # the second time: what is cached by principal is no part of a warm operation
                found[workload.key] = await trace.record(app, engine, workload, targets, plain=role != "app")
        return found


def _drive(
    stack: Stack,
    workload: Workload,
    targets: Sequence[Target],
    scale: Scale,
    plain: dict[str, list[Trace]],
    traced: dict[str, list[Trace]],
    other: tuple[int, int],
) -> Figures:
    port = int(stack.base_url.rpartition(":")[2])
    size = {"connections": scale.connections, "seconds": scale.seconds}
    product = drive(port, stack.pids["server"], workload, targets, **size)
    replayed = bare_workload(workload, targets)
    least = drive(other[0], other[1], replayed, targets, **size)
    pool = stack.settings().pool_size
    rates = [
        pgbench.run(url, traces[workload.key], clients=pool, seconds=scale.seconds, transactions=bound)
        for url, traces, bound in (
            (stack.urls["superuser_url"], plain, workload.writes),
            (stack.urls["app_url"], traced, True),
        )
    ]
    return Figures(product, least, *rates)


def bare_workload(workload: Workload, targets: Sequence[Target]) -> Workload:
    """The same operations as requests to the bare handler."""
    place = {target: number for number, target in enumerate(targets)}

    def steps(target: Target) -> list[Request]:
        return [
            Request(
                step.method,
                f"/{workload.key}/{place[target]}/{number}" + ("/{made}" if number else ""),
                step.body,
            )
            for number, step in enumerate(workload.steps(target))
        ]

    return Workload(workload.key, workload.title, steps, workload.writes)


@contextmanager
def bare_server(stack: Stack, traced: dict[str, list[Trace]]) -> Iterator[tuple[int, int]]:
    """The bare handler in a process of its own; yields its port and pid."""
    given = {"url": stack.urls["app_url"], "traces": traced, "size": stack.settings().pool_size}
    with tempfile.TemporaryDirectory(prefix="hangar-bare-") as folder:
        path = Path(folder, "traces")
        path.write_bytes(pickle.dumps(given))
        command = [sys.executable, "-m", "bench.bare", str(path)]
        environment = child_environment({"PYTHONPATH": f"{SCRIPTS.parents[1]}"})
        with subprocess.Popen(command, cwd=SCRIPTS, env=environment, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                yield json.loads(process.stdout.readline())["port"], process.pid
            finally:
                process.terminate()


async def _costs(
    stack: Stack,
    workloads: Sequence[Workload],
    targets: Sequence[Target],
    traced: dict[str, list[Trace]],
    run: Run,
) -> None:
    """CPU in process of product and bare handler, rounds interleaved, beside an empty call of the product."""
    app = create_app(stack.settings())
    _quiet()
    size = stack.settings().pool_size
    least = bare.application(bare.Replay(stack.urls["app_url"], traced, size), size + 1)
    floor = Workload("floor", "GET /healthz", lambda _: [Request("GET", "/healthz")])
    contenders = [("floor", app, floor)]
    for workload in workloads:
        contenders.append((workload.key, app, workload))
        contenders.append((f"{workload.key} bare", least, bare_workload(workload, targets)))
    async with inprocess.started(app):
        found = await inprocess.cpu(contenders, targets, rounds=run.scale.rounds, each=run.scale.each)
    run.floor = found["floor"]
    for workload in workloads:
        figures = run.figures[workload.key]
        figures.cost, figures.bare_cost = found[workload.key], found[f"{workload.key} bare"]


def _quiet() -> None:
    """Log lines are made as always, and written to memory instead of the terminal."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(io.StringIO()))


def measured(workloads: Sequence[Workload], scale: Scale) -> tuple[Run, dict[str, list[Trace]], Stack]:
    return asyncio.run(measure(workloads, scale))
