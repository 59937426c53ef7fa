"""The list at 12,000 open alerts: every filter is answered from an index, in its order, page by page."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from app.domains.observability.alerts import queries
from app.domains.observability.alerts.schemas import AlertFilter
from app.kernel.api.pagination import page
from tests.observability.conftest import Working
from tests.support.tenants import Tenant

OPEN = 12_000
_FILL = """
INSERT INTO alert (tenant_id, id, source, key, subject, severity, status, title, message, last_seen_at, created_at,
                   updated_at, closed_at)
SELECT %(tenant)s, gen_random_uuid(), (ARRAY['EXTERNAL', 'ASSETS', 'RULE'])[1 + n %% 3], 'k' || n %% 50,
       'thing:' || n, 'P' || 1 + n %% 3, CASE WHEN n > %(open)s THEN 'CLOSED' ELSE 'OPEN' END, 'T', 'M', t.at, t.at,
       t.at, CASE WHEN n > %(open)s THEN t.at END
FROM generate_series(1, %(open)s + 4000) AS n, LATERAL (SELECT now() - make_interval(secs => n) AS at) AS t
"""
_FILTERS: list[dict[str, Any]] = [
    {},
    {"status": "OPEN"},
    {"status": "ACKED"},
    {"status": "CLOSED"},
    {"status": "OPEN", "severity": "P1"},
    {"status": "OPEN", "source": "RULE"},
    {"source": "ASSETS"},
    {"subject": "thing:77"},
]


@pytest.fixture
def many(tenant: Tenant, working: Working, raw: psycopg.Connection) -> Tenant:
    with working() as tx:
        tx.conn.exec_driver_sql(_FILL, {"tenant": tenant.id, "open": OPEN})
    raw.execute("ANALYZE alert")
    return tenant


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


def test_every_filter_uses_an_index_and_no_page_is_sorted(many: Tenant, working: Working) -> None:
    for given in _FILTERS:
        wanted = AlertFilter.model_validate(given | {"limit": 100})
        for _ in range(2):
            said: list[tuple[str, Any]] = []
            with working() as tx:

                def hear(_c: Any, _cur: Any, text: str, values: Any, _ctx: Any, _m: bool) -> None:
                    said.append((text, values))  # noqa: B023 read in the same turn

                event.listen(tx.conn, "before_cursor_execute", hear)
                statement, values = queries.listed(wanted)
                found = page(
                    tx, statement, wanted, tuple, keys=queries.SORT, default="-created_at", values=values
                )
                event.remove(tx.conn, "before_cursor_execute", hear)
                (text, bound) = said[-1]
                plans = {}
                for mode in ("force_custom_plan", "force_generic_plan"):
                    tx.conn.exec_driver_sql(f"SET LOCAL plan_cache_mode = {mode}")
                    explained = tx.conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}", bound).scalar_one()
                    plans[mode] = {node["Node Type"] for node in nodes(explained[0]["Plan"])}
            for kinds in plans.values():
                assert "Seq Scan" not in kinds, given
                assert kinds & {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}, given
            if len(given) < 2 and "subject" not in given:
                assert not plans["force_custom_plan"] & {"Sort", "Incremental Sort"}, (given, plans)
            if found.next_cursor is None:
                break
            wanted = wanted.model_copy(update={"cursor": found.next_cursor})


def test_pages_add_up(many: Tenant) -> None:
    url, seen = "/api/observability/alerts?status=OPEN&limit=1000", []
    while url:
        answer = many.client.get(url)
        seen += [row["id"] for row in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert len(seen) == len(set(seen)) == OPEN
