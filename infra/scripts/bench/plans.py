"""How PostgreSQL carries out the recorded queries as the app role: within the tenant, or over everybody's rows."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from bench.fleet import TABLES
from bench.trace import Trace
from bench.workloads import Workload

SMALL_PAGES = 10


class ForeignRowsError(RuntimeError):
    """A query of one tenant reads rows of others."""


def check(app_url: str, workloads: Sequence[Workload], traced: dict[str, list[Trace]]) -> list[str]:
    """A line for each workload that only reads. Raises `ForeignRowsError` where a scan is not bound to the tenant."""
    lines = []
    large = _large(app_url)
    for workload in (found for found in workloads if not found.writes):
        taken, nodes = _explained(app_url, traced[workload.key][0])
        scans = [node for node in nodes if node.get("Relation Name") in TABLES]
        for scan in scans:
            if scan["Relation Name"] in large:
                _require_bound(workload, scan)
        rows = sum(scan["Actual Rows"] * scan["Actual Loops"] for scan in scans)
        lines.append(
            f"{workload.title}: {len(scans)} scans, none of them over other tenants' rows of a table of more than "
            f"{SMALL_PAGES} pages; {rows:,.0f} rows kept, {taken:.1f} ms in PostgreSQL"
        )
    return lines


def _large(app_url: str) -> set[str]:
    """Tables of more than a few pages; of smaller ones any index is a detour, and every plan reads them whole."""
    with psycopg.connect(app_url) as conn:
        rows = conn.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relpages > %s",
            (list(TABLES), SMALL_PAGES),
        )
        return {name for (name,) in rows}


def _require_bound(workload: Workload, scan: dict[str, Any]) -> None:
    parts = [scan, *scan.get("Plans", [])]
    if not any("tenant_id" in part.get("Index Cond", "") for part in parts):
        raise ForeignRowsError(
            f"{workload.title}: {scan['Node Type']} on {scan['Relation Name']} of all tenants"
        )


def _explained(app_url: str, trace: Trace) -> tuple[float, list[dict[str, Any]]]:
    taken, nodes = 0.0, []
    with psycopg.connect(app_url) as conn:
        for statement in trace.steps[0]:
            if not statement.sql.startswith("SELECT asset") and "FROM asset" not in statement.sql:
                conn.execute(statement.sql, statement.params)
                continue
            row = conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.sql}", statement.params).fetchone()
            assert row is not None
            taken += row[0][0]["Execution Time"]
            nodes += _nodes(row[0][0]["Plan"])
    return taken, nodes


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)
