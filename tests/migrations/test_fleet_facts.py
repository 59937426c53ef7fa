"""The nine migrations on data: what each turns the first system's words into, down again, and up once more."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from app.kernel.db import migrate as m
from tests.migrations import fleet
from tests.migrations.databases import plain_owner, throwaway
from tests.migrations.fleet import BEGUN, BOUND, CHANGED, CLOSED, MADE, RETIRED, Tenant

EXPAND, BACKFILL, ENFORCE = (fleet.STEPS[phase::3] for phase in range(3))


@contextmanager
def owner(urls: Any, kind: str) -> Iterator[str]:
    """The usual owner's URL, or that of one without BYPASSRLS."""
    if kind == "usual":
        yield urls.owner_url
    else:
        with plain_owner(urls) as url:
            yield url


@pytest.fixture
def conn(pg: Any) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a database of its own."""
    with (
        throwaway(pg) as urls,
        psycopg.connect(urls.superuser_url, autocommit=True, prepare_threshold=None) as made,
    ):
        made.urls = urls  # type: ignore[attr-defined]
        yield made


@pytest.mark.parametrize("kind", ["usual", "plain"])
def test_every_word_becomes_a_fact_and_survives_down_and_up(conn: Any, kind: str) -> None:
    with owner(conn.urls, kind) as url:
        m.upgrade(url, fleet.FIRST_SHAPE)
        tenants = fleet.seed(conn)
        before = [first_shape(conn, tenant) for tenant in tenants]

        m.upgrade(url, EXPAND[0])
        assert [fleet.placements(conn, tenant) for tenant in tenants] == [{}, {}]
        m.upgrade(url, BACKFILL[0])
        for tenant in tenants:
            check_ledger(conn, tenant)
        m.upgrade(url, ENFORCE[0])
        m.upgrade(url, EXPAND[1])
        m.upgrade(url, BACKFILL[1])
        for tenant in tenants:
            check_availability(conn, tenant)
        m.upgrade(url, ENFORCE[1])
        m.upgrade(url, EXPAND[2])
        m.upgrade(url, BACKFILL[2])
        for number, tenant in enumerate(tenants):
            check_maintenance(conn, tenant, first=number == 0)
        m.upgrade(url, ENFORCE[2])
        assert fleet.disagreements(conn) == []
        facts = [everything(conn, tenant) for tenant in tenants]
        m.upgrade(url, fleet.LAST)
        assert [everything(conn, tenant) for tenant in tenants] == facts

        m.downgrade(url, fleet.FIRST_SHAPE)
        assert [first_shape(conn, tenant) for tenant in tenants] == [as_kept(rows) for rows in before]
        m.upgrade(url)
        for tenant, known in zip(tenants, facts, strict=True):
            known["installations"].pop("retired-bound")  # the first shape can't say that something is over
            assert everything(conn, tenant) == known


def first_shape(conn: psycopg.Connection, tenant: Tenant) -> dict[str, dict[str, fleet.Row]]:
    return {
        "asset": fleet.table(conn, tenant, "asset", "asset_code"),
        "drone": fleet.table(conn, tenant, "drone", "name"),
        "work_order": fleet.table(conn, tenant, "work_order", "title"),
        "work_order_history": fleet.table(conn, tenant, "work_order_history", "id"),
    }


def as_kept(rows: dict[str, dict[str, fleet.Row]]) -> dict[str, dict[str, fleet.Row]]:
    """The rows as the way up and down leaves them: blanks are gone, gaps are filled, what is over is over."""
    assets, orders = rows["asset"], rows["work_order"]
    assets["blank"]["region_code"] = None
    assets["bound-undated"]["bound_at"] = MADE
    assets["retired"] |= {"retired_reason": "not recorded", "availability_status": "AVAILABLE"}
    assets["retired-bound"] |= {"bound_to_drone_id": None, "bound_at": None}
    orders["closed-undated"]["closed_at"] = CHANGED
    return rows


def check_ledger(conn: psycopg.Connection, tenant: Tenant) -> None:
    regions = fleet.table(conn, tenant, "region", "code")
    assert regions.keys() == {"EAST", "WEST"}
    assert all(row["path"] == f"{row['id'].hex}/" and row["parent_id"] is None for row in regions.values())
    assert fleet.placements(conn, tenant) == {
        name: [(row["region_code"], MADE, None)]
        for name, row in fleet.ASSETS.items()
        if row.get("region_code", " ").strip()
    }
    assert fleet.installations(conn, tenant) == {
        "bound": [("K-1", BOUND, None)],
        "bound-undated": [("K-2", MADE, None)],
        "retired-bound": [("K-1", BOUND, RETIRED)],
    }
    assets = fleet.table(conn, tenant, "asset", "asset_code")
    assert assets["blank"]["region_code"] is None
    assert assets["retired"]["retired_reason"] == "not recorded"
    assert assets["retired-bound"]["retired_reason"] == "worn out"


def check_availability(conn: psycopg.Connection, tenant: Tenant) -> None:
    assert fleet.statements(conn, tenant) == {
        name: [(row["availability_status"], CHANGED, None, True)]
        for name, row in fleet.ASSETS.items()
        if "availability_status" in row and "retired_at" not in row
    }
    late = conn.execute("SELECT count(*) FROM asset_block WHERE ends_at <= now()").fetchone()
    assert late == (0,)
    reports = fleet.table(conn, tenant, "health_report", "asset_id")
    said = {asset: (r["health_status"], r["health_score"], r["reported_at"]) for asset, r in reports.items()}
    assert said == {
        str(tenant.assets["healthy"]): ("HEALTHY", 80, BEGUN),
        str(tenant.assets["critical"]): ("CRITICAL", None, CLOSED),
    }


def check_maintenance(conn: psycopg.Connection, tenant: Tenant, *, first: bool) -> None:
    orders = fleet.table(conn, tenant, "work_order", "title")
    assert {name: row["started_at"] for name, row in orders.items()} == {
        "open": None,
        "begun": BEGUN,
        "begun-unrecorded": CHANGED,
        "closed": BEGUN,
        "closed-undated": CHANGED,
        "canceled": None,
    }
    assert orders["closed"]["closed_at"] == CLOSED
    assert orders["closed-undated"]["closed_at"] == CHANGED
    assert {name: row["assigned_user_id"] for name, row in orders.items() if row["assigned_user_id"]} == {
        "begun": tenant.users["ana"],
        "begun-unrecorded": tenant.users["bo"],
    } | ({"closed": tenant.users["only-in-the-first"]} if first else {})
    assert orders["closed-undated"]["assigned_to"] == "Hans the mechanic"
    held = conn.execute(
        "SELECT work_order_id, asset_id, starts_at, standing, active FROM asset_block"
        " WHERE tenant_id = %s AND kind = 'MAINTENANCE'",
        (tenant.id,),
    ).fetchall()
    free = tenant.assets["free"]
    assert sorted(held, key=str) == sorted(
        [
            (tenant.orders["begun"], free, BEGUN, True, True),
            (tenant.orders["begun-unrecorded"], free, CHANGED, True, True),
        ],
        key=str,
    )


def everything(conn: psycopg.Connection, tenant: Tenant) -> dict[str, Any]:
    orders = fleet.table(conn, tenant, "work_order", "title")
    return {
        "placements": fleet.placements(conn, tenant),
        "installations": fleet.installations(conn, tenant),
        "statements": fleet.statements(conn, tenant),
        "orders": {
            name: [row[c] for c in ("status", "started_at", "closed_at", "assigned_to", "assigned_user_id")]
            for name, row in orders.items()
        },
        "reports": sorted(
            str([row[c] for c in ("asset_id", "health_status", "health_score", "reported_at")])
            for row in fleet.table(conn, tenant, "health_report", "id").values()
        ),
    }


@pytest.mark.parametrize("kind", ["usual", "plain"])
def test_a_deleted_drone_comes_back_under_another_name_on_the_way_down(conn: Any, kind: str) -> None:
    with owner(conn.urls, kind) as url:
        m.upgrade(url, fleet.FIRST_SHAPE)
        tenant, _ = fleet.seed(conn)
        m.upgrade(url, ENFORCE[0])
        deleted = tenant.drones["K-2"]
        conn.execute("UPDATE drone SET deleted_at = now() WHERE id = %s", (deleted,))
        conn.execute(
            "INSERT INTO drone (tenant_id, id, name, vendor, created_at, updated_at)"
            " VALUES (%s, gen_random_uuid(), 'K-2', 'FAKE', now(), now())",
            (tenant.id,),
        )
        m.downgrade(url, fleet.FIRST_SHAPE)
        drones = fleet.table(conn, tenant, "drone", "name")
        assert drones.keys() == {"K-1", "K-2", f"K-2 {deleted}"}
        assert drones[f"K-2 {deleted}"]["id"] == deleted


@pytest.mark.parametrize(
    ("target", "column", "value"),
    [(BACKFILL[0], "asset_type", "ROCKET"), (BACKFILL[1], "health_status", "FINE")],
)
def test_a_word_that_means_nothing_stops_the_migration(
    conn: Any, target: str, column: str, value: str
) -> None:
    url = conn.urls.owner_url
    m.upgrade(url, fleet.FIRST_SHAPE)
    tenant, _ = fleet.seed(conn)
    fleet.seed_asset(conn, tenant, "odd", **{column: value} if column != "asset_type" else {})
    conn.execute(f"UPDATE asset SET {column} = %s WHERE asset_code = 'odd'", (value,))
    with pytest.raises(m.BackfillError, match=column):
        m.upgrade(url, target)
