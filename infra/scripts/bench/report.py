"""A run as Markdown, and its place in docs/benchmarks.md."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg

from bench.drive import Driven
from bench.inprocess import Cost
from bench.measure import Figures, Run
from bench.pgbench import Rate
from bench.stack import Stack
from bench.workloads import Workload

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "benchmarks.md"
_PACKAGES = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "psycopg", "pydantic")


def markdown(run: Run, workloads: Sequence[Workload], stack: Stack) -> str:
    """The tables of one run, with what they were measured on."""
    parts = [
        _circumstances(run, stack),
        _rates(run, workloads),
        _ratios(run, workloads),
        _costs(run, workloads),
    ]
    if run.plans:
        parts.append("Plans, as the app role:\n\n" + "\n".join(f"- {line}" for line in run.plans))
    return "\n\n".join(parts)


def write(name: str, text: str) -> None:
    """Replace what stands between the document's markers of that name. Raises `ValueError` without them."""
    marked = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    document = DOCUMENT.read_text()
    if not marked.search(document):
        raise ValueError(f"{DOCUMENT} has no markers for {name}")
    DOCUMENT.write_text(marked.sub(lambda found: f"{found[1]}{text}\n{found[2]}", document))


def _circumstances(run: Run, stack: Stack) -> str:
    with psycopg.connect(stack.urls["superuser_url"]) as conn:
        row = conn.execute(
            "SELECT current_setting('server_version'), current_setting('shared_buffers')"
        ).fetchone()
        assets = conn.execute("SELECT count(*) FROM asset").fetchone()
    assert row is not None
    assert assets is not None
    scale = run.scale
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {os.cpu_count()} cores of {_processor()}, load average "
        f"{os.getloadavg()[0]:.1f} at the end. Python {platform.python_version()}, {packages}, PostgreSQL {row[0]} "
        f"(shared_buffers {row[1]}). {scale.assets:,} assets among {scale.tenants} tenants, filled in "
        f"{run.fill_seconds:.0f} s; {assets[0]:,} rows of `asset` in the end. {scale.connections} connections on "
        f"{scale.targets} tenants, {scale.seconds:g} s each; pgbench with {stack.settings().pool_size} clients, "
        "the size of the server's pool."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def _rates(run: Run, workloads: Sequence[Workload]) -> str:
    rows = []
    for workload in workloads:
        figures = run.figures[workload.key]
        for name, rate in _drivers(figures):
            rows.append(
                [workload.title, name, f"{rate.per_second:,.0f}", f"{rate.p50:.2f}", f"{rate.p99:.2f}"]
            )
    return _table(["operation", "driven through", "per second", "p50 ms", "p99 ms"], rows)


def _drivers(figures: Figures) -> list[tuple[str, Rate]]:
    return [
        ("Hangar over HTTP", figures.product.rate),
        ("bare Starlette + psycopg over HTTP", figures.bare.rate),
        ("pgbench, app role, the request's own statements", figures.app),
        ("pgbench, no row security, explicit tenant_id", figures.plain),
    ]


def _ratios(run: Run, workloads: Sequence[Workload]) -> str:
    rows = []
    for workload in workloads:
        f = run.figures[workload.key]
        mine = f.product.rate.per_second
        rows.append(
            [
                workload.title,
                *(f"{mine / other.per_second:.2f}" for other in (f.bare.rate, f.app, f.plain)),
                f"{f.app.per_second / f.plain.per_second:.2f}",
            ]
        )
    return _table(
        ["Hangar's rate ÷", "bare handler", "pgbench, app role", "pgbench, plain", "app role ÷ plain"], rows
    )


def _costs(run: Run, workloads: Sequence[Workload]) -> str:
    rows = [["GET /healthz (floor)", _cost(run.floor), "", "", "", ""]]
    for workload in workloads:
        f = run.figures[workload.key]
        rows.append(
            [
                workload.title,
                _cost(f.cost),
                _cost(f.bare_cost),
                _server(f.product),
                _server(f.bare),
                f"{f.product.generator_cpu:.0f}",
            ]
        )
    titles = ["CPU µs per operation", "Hangar in process, min / median", "bare in process, min / median"]
    return _table([*titles, "Hangar's server", "bare server", "load generator"], rows)


def _cost(cost: Cost | None) -> str:
    return f"{cost.least:,.0f} / {cost.median:,.0f}" if cost else ""


def _server(driven: Driven) -> str:
    return f"{driven.server_cpu:,.0f}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
