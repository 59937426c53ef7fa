"""The migrations of the alerts on a fleet that is there already."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from app.kernel.db import migrate as m
from tests.migrations import fleet
from tests.migrations.databases import plain_owner, throwaway
from tests.support.waiting import somebody_waits, wait_until

EXPAND, BACKFILL, ENFORCE = "202602280107", "202602280108", "202602280109"
_OPEN = """
SELECT key, subject, severity, title, message, value, labels ->> 'asset_code' FROM alert
WHERE tenant_id = %s AND status = 'OPEN' ORDER BY key, title
"""


@pytest.fixture
def conn(pg: Any) -> Iterator[psycopg.Connection]:
    with (
        throwaway(pg) as urls,
        psycopg.connect(urls.superuser_url, autocommit=True, prepare_threshold=None) as made,
    ):
        made.urls = urls  # type: ignore[attr-defined]
        yield made


def test_what_is_wrong_already_gets_its_alert_once(conn: Any) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    with plain_owner(conn.urls) as url:
        m.upgrade(url, fleet.FIRST_SHAPE)
        tenants = fleet.seed(conn)
        m.upgrade(url, EXPAND)
        conn.execute("UPDATE asset SET health_score = 7 WHERE asset_code = 'critical'")
        conn.execute("UPDATE work_order SET expected_end_at = %s WHERE title = 'begun-unrecorded'", (soon,))
        m.upgrade(url, ENFORCE)
        for tenant in tenants:
            check(conn, tenant)
        m.downgrade(url, EXPAND)
        conn.execute("UPDATE alert SET status = 'CLOSED', closed_at = now() WHERE key = 'asset.health'")
        m.upgrade(url, ENFORCE)
        for tenant in tenants:
            check(conn, tenant)
    counts = conn.execute("SELECT count(*), count(*) FILTER (WHERE status = 'CLOSED') FROM alert").fetchone()
    assert counts == (8, 2)


def check(conn: psycopg.Connection, tenant: fleet.Tenant) -> None:
    found = conn.execute(_OPEN, (tenant.id,)).fetchall()
    due = (fleet.MADE + timedelta(days=7)).strftime("%Y-%m-%d %H:%M")
    assert found == [
        (
            "asset.health",
            f"asset:{tenant.assets['critical']}",
            "P1",
            "critical is CRITICAL",
            "UAV critical (critical) was reported CRITICAL with a score of 7.",
            7.0,
            "critical",
        ),
        *[
            (
                "work_order.overdue",
                f"workorder:{tenant.orders[name]}",
                "P2",
                f"Work order overdue: {name}",
                f"It should have been finished by {due} UTC and is {status}.",
                None,
                "free",
            )
            for name, status in (("begun", "IN_PROGRESS"), ("open", "OPEN"))
        ],
    ]


def test_a_report_that_the_backfill_waits_for_decides(conn: Any) -> None:
    m.upgrade(conn.urls.owner_url, fleet.FIRST_SHAPE)
    tenant, other = fleet.seed(conn)
    m.upgrade(conn.urls.owner_url, EXPAND)
    with ThreadPoolExecutor(1) as pool, psycopg.connect(conn.urls.superuser_url) as old:
        old.execute("UPDATE asset SET health_status = 'HEALTHY' WHERE id = %s", (tenant.assets["critical"],))
        migrating = pool.submit(m.upgrade, conn.urls.owner_url, BACKFILL)
        wait_until(lambda: migrating.done() or somebody_waits(conn, "%FOR NO KEY UPDATE%"))
        assert not migrating.done()
        old.commit()
        migrating.result(timeout=60)
    told = conn.execute("SELECT tenant_id FROM alert WHERE key = 'asset.health'").fetchall()
    assert told == [(other.id,)]


def test_times_out_of_order_are_refused(conn: Any) -> None:
    m.upgrade(conn.urls.owner_url, fleet.FIRST_SHAPE)
    fleet.seed(conn)
    m.upgrade(conn.urls.owner_url, ENFORCE)
    with pytest.raises(psycopg.errors.CheckViolation, match="ck_alert_in_order"):
        conn.execute("UPDATE alert SET last_seen_at = created_at - interval '1 s'")
