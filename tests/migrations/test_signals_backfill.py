"""What the fleet reported before signals were kept: each health report with a score becomes one METRIC."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from app.kernel.db import migrate as m
from tests.migrations import fleet
from tests.migrations.databases import plain_owner, throwaway
from tests.migrations.fleet import BEGUN, Tenant

EXPAND, BACKFILL, ENFORCE = "202602280104", "202602280105", "202602280106"
MANY = 2300

_REPORTS = """
INSERT INTO health_report (tenant_id, id, asset_id, health_status, health_score, reported_at, reported_by)
SELECT %(tenant)s, gen_random_uuid(), %(asset)s, CASE WHEN n %% 50 = 0 THEN 'CRITICAL' ELSE 'HEALTHY' END,
       CASE WHEN n %% 10 > 0 THEN n %% 101 END, %(at)s::timestamptz + n * interval '1 minute', 'old:hand'
FROM generate_series(1, %(many)s) n
"""
_EXPECTED = """
SELECT id, reported_at, health_score::float8, health_status, reported_by FROM health_report
WHERE tenant_id = %s AND health_score IS NOT NULL ORDER BY id
"""
_FOUND = """
SELECT s.id, s.occurred_at, s.numeric_value, s.detail ->> 'health_status', s.created_by
FROM signal s JOIN signal_batch b ON b.tenant_id = s.tenant_id AND b.id = s.batch_id
WHERE s.tenant_id = %s AND s.signal_type = 'METRIC' AND s.service_name = 'assets'
  AND s.signal_name = 'asset.health_score' AND b.minutes = ARRAY[date_trunc('minute', s.occurred_at)]
  AND NOT b.rolled_up AND b.item_count = 1
ORDER BY s.id
"""


@pytest.fixture
def conn(pg: Any) -> Iterator[Any]:
    with throwaway(pg) as urls, psycopg.connect(urls.superuser_url, autocommit=True) as made:
        made.urls = urls  # type: ignore[attr-defined]
        yield made


def seeded(conn: Any, url: str) -> list[Tenant]:
    m.upgrade(url, fleet.FIRST_SHAPE)
    tenants = fleet.seed(conn)
    m.upgrade(url, EXPAND)
    for tenant in tenants:
        names = {"tenant": tenant.id, "asset": tenant.assets["free"], "at": BEGUN, "many": MANY}
        conn.execute(_REPORTS, names)
    return tenants


def check(conn: Any, tenants: list[Tenant]) -> None:
    for tenant in tenants:
        expected = conn.execute(_EXPECTED, (tenant.id,)).fetchall()
        # Nine of ten, and the one that the first system left on the asset itself.
        assert len(expected) == MANY * 9 // 10 + 1
        assert conn.execute(_FOUND, (tenant.id,)).fetchall() == expected
    (total,) = conn.execute("SELECT count(*) FROM signal").fetchone()
    assert total == len(tenants) * (MANY * 9 // 10 + 1)


@pytest.mark.parametrize("kind", ["usual", "plain"])
def test_every_report_with_a_score_becomes_one_signal(conn: Any, kind: str) -> None:
    def journey(url: str) -> None:
        tenants = seeded(conn, url)
        m.upgrade(url, BACKFILL)
        check(conn, tenants)
        m.upgrade(url, ENFORCE)
        check(conn, tenants)
        m.downgrade(url, fleet.LAST)
        m.upgrade(url, ENFORCE)
        check(conn, tenants)

    if kind == "usual":
        journey(conn.urls.owner_url)
    else:
        with plain_owner(conn.urls) as url:
            journey(url)


def test_an_interrupted_run_is_taken_up_where_it_stopped(conn: Any) -> None:
    url = conn.urls.owner_url
    tenants = seeded(conn, url)
    m.upgrade(url, BACKFILL)
    conn.execute("DELETE FROM signal WHERE id > '80000000-0000-0000-0000-000000000000'")
    conn.execute("DELETE FROM signal_batch WHERE id > 'c0000000-0000-0000-0000-000000000000'")
    conn.execute("UPDATE alembic_version SET version_num = %s", (EXPAND,))
    (left,) = conn.execute("SELECT count(*) FROM signal").fetchone()
    assert 0 < left < 2 * MANY * 9 // 10
    m.upgrade(url, BACKFILL)
    check(conn, tenants)


def test_a_signal_without_a_batch_stops_the_last_step(conn: Any) -> None:
    url = conn.urls.owner_url
    (tenant, _) = seeded(conn, url)
    m.upgrade(url, BACKFILL)
    conn.execute("UPDATE signal SET batch_id = NULL WHERE id = (SELECT id FROM signal LIMIT 1)")
    with pytest.raises(Exception, match="batch_id"):
        m.upgrade(url, ENFORCE)
    conn.execute("UPDATE signal SET batch_id = id WHERE batch_id IS NULL")
    m.upgrade(url, ENFORCE)
    with pytest.raises(psycopg.errors.NotNullViolation):
        conn.execute("UPDATE signal SET batch_id = NULL WHERE tenant_id = %s", (tenant.id,))
