"""What bills of materials cost: explosion and roll-up of a large plant, and the diamond of 26 items.

    infra/dev bench manufacturing [--write] [--items 100000] [--lines 450000] [--rounds 15]

Beside each: a bare numpy pass over the same arrays, and the same sums as a loop in C.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import version
from uuid import UUID

import httpx
import numpy as np
from bench import boms, report, stack
from bench.stack import NoStackError, Stack

from app.domains.manufacturing.graph.compiled import SCALE, CompiledGraph, Lines
from app.domains.manufacturing.graph.network import Network, Use
from app.domains.manufacturing.graph.packing import pack, unpack

PASSWORD = "a-long-bench-password"


@dataclass(frozen=True)
class Timed:
    """Milliseconds."""

    best: float
    median: float


def timed(rounds: int, work: Callable[[], object]) -> Timed:
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        took.append((time.perf_counter() - start) * 1000)
    return Timed(min(took), statistics.median(took))


def main() -> int:
    parser = argparse.ArgumentParser(description="What bills of materials cost.")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=450_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    running = stack.from_environment()
    made = boms.plant(given.items, given.lines)
    parts = [_circumstances(made), _in_process(made, given.rounds), _over_http(running, made, given.rounds)]
    text = "\n\n".join(parts)
    print(text)
    if given.write:
        report.write("manufacturing", text)
    return 0


def _circumstances(made: boms.Plant) -> str:
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {os.cpu_count()} cores, load average "
        f"{os.getloadavg()[0]:.1f}. Python {platform.python_version()}, numpy {version('numpy')}. "
        f"{len(made.level):,} items, {len(made.parent):,} lines, {boms.LEVELS} levels. Wall time, best and median."
    )


def _in_process(made: boms.Plant, rounds: int) -> str:
    ids = [UUID(int=number) for number in range(len(made.level))]
    compiling = timed(3, lambda: CompiledGraph.of(ids, made.lines()))
    graph = CompiledGraph.of(ids, made.lines())
    blob = pack(graph)
    loading = timed(5, lambda: unpack(blob))
    root, items, lines = boms.largest_root(graph)
    demand = {graph.item(root): Fraction(1)}
    vector = graph.demands(demand)
    exploding = timed(rounds, lambda: graph.explode(demand))
    bare = timed(rounds, lambda: bare_pass(graph, vector.copy()))
    own = np.where(graph.made, 0.0, 1.0)
    graph.roll_up(own)
    rolling = timed(rounds, lambda: graph.roll_up(own))
    in_c = _c_loops(graph, vector, own, rounds)
    diamond = _diamond()
    fast = _compiled_diamond()
    top = {UUID(int=1): Fraction(1)}
    rows = [
        (f"explosion of one root ({items:,} items, {lines:,} lines), exact", exploding, None),
        ("… the bare numpy pass, doubles, all lines", bare, exploding),
        ("… a loop in C, doubles, all lines", in_c[0], exploding),
        ("roll-up of everything", rolling, None),
        ("… a loop in C", in_c[1], rolling),
        ("diamond of 26, rational engine", timed(rounds, lambda: diamond.explode(top)), None),
        ("diamond of 26, compiled", timed(rounds, lambda: fast.explode(top)), None),
        ("compiling all lines", compiling, None),
        (f"loading the blob ({len(blob) / 1e6:.1f} MB)", loading, None),
    ]
    return _table("In process", rows)


def bare_pass(graph: CompiledGraph, needed: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """The least numpy can do: one product and one bincount a level, nothing checked, nothing rounded."""
    parent, child, per = graph.lines.parent, graph.lines.child, graph.per[0]
    for depth in range(1, len(graph.first_item) - 1):
        lines = slice(graph.first_line[depth], graph.first_line[depth + 1])
        start, end = graph.first_item[depth], graph.first_item[depth + 1]
        flow = per[lines] * needed[parent[lines]]
        needed[start:end] += np.bincount(child[lines] - start, flow, minlength=end - start)
    return needed


def _c_loops(graph: CompiledGraph, vector: object, own: object, rounds: int) -> tuple[Timed, Timed]:
    loop = boms.Loop()
    lines, per = graph.lines, graph.per[0]
    down = lines.parent.astype(np.int32), lines.child.astype(np.int32), per
    order = np.argsort(-lines.parent, kind="stable")
    up = lines.parent[order].astype(np.int32), lines.child[order].astype(np.int32), per[order].copy()
    need, value = np.array(vector), np.array(own)
    loop.run("explode", *down, need)
    assert np.allclose(need, graph.approximate(np.array(vector)), rtol=1e-12)
    loop.run("roll", *up, value)
    assert np.allclose(value, graph.roll_up(np.array(own)), rtol=1e-12)
    return (
        timed(rounds, lambda: loop.run("explode", *down, np.array(vector))),
        timed(rounds, lambda: loop.run("roll", *up, np.array(own))),
    )


def _diamond() -> Network:
    pairs = [(parent, child) for parent in range(26) for child in range(parent + 1, 26)]
    return Network(Use(UUID(int=parent + 1), UUID(int=child + 1), Fraction(1)) for parent, child in pairs)


def _compiled_diamond() -> CompiledGraph:
    pairs = np.array([(parent, child) for parent in range(26) for child in range(parent + 1, 26)])
    one = np.full(len(pairs), SCALE)
    columns = Lines(pairs[:, 0], pairs[:, 1], one, one * 0, one * 0, one)
    return CompiledGraph.of([UUID(int=number + 1) for number in range(26)], columns)


def _over_http(running: Stack, made: boms.Plant, rounds: int) -> str:
    with httpx.Client(base_url=running.base_url, timeout=120) as client:
        tenant_id = _sign_in(client)
        headers = boms.fill(running.urls["superuser_url"], tenant_id, made)
        graph = CompiledGraph.of([UUID(int=number) for number in range(len(made.level))], made.lines())
        root, _, _ = boms.largest_root(graph)
        path = f"/api/warehouse/bom/{headers[graph.item(root).int]}"
        rows: list[tuple[str, Timed, Timed | None]] = []

        def get(what: str, accept: str = "application/json", **params: str) -> httpx.Response:
            answer = client.get(f"{path}/{what}", params=params, headers={"Accept": accept})
            assert answer.status_code == 200, answer.text[:500]
            return answer

        cold = timed(1, lambda: get("explode", flat="true"))
        size = len(get("explode", flat="true").content)
        rows.append(("flat explosion, the first after an edit (compiles)", cold, None))
        rows.append(
            (
                f"flat explosion, JSON, {size / 1e6:.1f} MB",
                timed(rounds, lambda: get("explode", flat="true")),
                None,
            )
        )
        for word, media in (("NDJSON", "application/x-ndjson"), ("CSV", "text/csv")):
            ask = timed(rounds, lambda media=media: get("explode", media, flat="true"))  # type: ignore[misc]
            rows.append((f"flat explosion, {word}", ask, None))
        rows.append(("cost of one, exact", timed(3, lambda: get("cost")), None))
        rows.append(("indented explosion, a row per line", timed(3, lambda: get("explode")), None))
    return _table("Over HTTP, one client", rows)


def _sign_in(client: httpx.Client) -> UUID:
    tenant = client.post("/api/identity/tenants", json={"name": f"bench-{time.time_ns()}"}).json()["id"]
    body = {"tenant_id": tenant, "username": "admin", "password": PASSWORD}
    client.post("/api/identity/bootstrap-admin", json=body).raise_for_status()
    token = client.post("/api/identity/dev-login", json=body).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    return UUID(tenant)


def _table(title: str, rows: list[tuple[str, Timed, Timed | None]]) -> str:
    lines = [f"| {title} | best ms | median ms | Hangar ÷ this |", "|---|---|---|---|"]
    for name, took, ours in rows:
        ratio = f"{ours.best / took.best:.1f}" if ours else ""
        lines.append(f"| {name} | {took.best:,.2f} | {took.median:,.2f} | {ratio} |")
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoStackError as error:
        sys.exit(f"error: {error}")
