"""The known failures of the first system, each made impossible: one test a promise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from tests.support.fleet import ORDERS, Fleet, pointers, refused, soon
from tests.support.server import Server
from tests.support.tenants import Tenant


def test_a_retired_asset_is_never_listed_as_available(fleet: Fleet) -> None:
    asset = fleet.asset()
    fleet.act(asset, "retire", reason="worn out")
    assert fleet.get("/api/assets", availability_status="AVAILABLE") == []
    for word in ("AVAILABLE", "RESERVED", "IN_USE", "MAINTENANCE", "UNAVAILABLE"):
        assert fleet.pool(availability_status=word) == []
    assert fleet.get("/api/assets/pool/summary") == []


def test_the_summary_counts_every_state_not_only_the_available(fleet: Fleet) -> None:
    busy, _ = fleet.asset(), fleet.asset()
    fleet.act(busy, "availability", availability_status="IN_USE")
    (row,) = fleet.get("/api/assets/pool/summary")
    assert (row["total_assets"], row["available_assets"]) == (2, 1)
    assert row["by_availability"] == {"AVAILABLE": 1, "IN_USE": 1}


def test_a_drone_with_a_bound_asset_is_not_deleted(fleet: Fleet) -> None:
    asset, drone = fleet.asset(), fleet.drone()
    fleet.act(asset, "bind", bound_to_drone_id=drone["id"])
    refused(fleet.client.delete(f"/api/registry/drones/{drone['id']}"), 409, "drone_in_use")
    assert fleet.read(asset)["bound_to_drone_id"] == drone["id"]
    fleet.act(asset, "unbind")
    assert fleet.client.delete(f"/api/registry/drones/{drone['id']}").status_code == 204
    assert fleet.read(asset)["lifecycle_status"] == "REGISTERED"


@pytest.mark.parametrize("begun", [True, False])
def test_retiring_does_not_ignore_unfinished_work(fleet: Fleet, begun: bool) -> None:
    asset = fleet.asset()
    order = fleet.order(asset)
    if begun:
        fleet.move(order, "IN_PROGRESS")
    problem = refused(fleet.try_to(asset, "retire", reason="x"), 409, "retire_blocked")
    assert [blocker["ref"] for blocker in problem["blockers"]] == [f"workorder:{order['id']}"]
    fleet.close(order)
    fleet.act(asset, "retire", reason="x")


@pytest.mark.parametrize("sent", [{}, {"region_code": None}, {"region_code": ""}])
def test_a_region_that_is_not_sent_is_kept(fleet: Fleet, sent: dict[str, Any]) -> None:
    asset = fleet.asset(region_code="EAST")
    for word in ("IN_USE", "AVAILABLE"):
        assert fleet.act(asset, "availability", availability_status=word, **sent)["region_code"] == "EAST"


def test_work_changes_what_is_available(fleet: Fleet) -> None:
    asset = fleet.asset()
    order = fleet.order(asset)
    assert fleet.read(asset)["availability_status"] == "AVAILABLE"
    fleet.move(order, "IN_PROGRESS")
    held = fleet.read(asset)
    assert held["availability_status"] == "MAINTENANCE"
    assert [(r["code"], r["ref"]) for r in held["availability_reasons"]] == [
        ("MAINTENANCE", f"workorder:{order['id']}")
    ]
    assert fleet.pool() == []
    fleet.close(order)
    assert fleet.read(asset)["availability_status"] == "AVAILABLE"
    canceled = fleet.order(asset)
    fleet.move(canceled, "IN_PROGRESS")
    fleet.move(canceled, "CANCELED")
    assert fleet.pool() == [asset["id"]]


def test_an_assignee_is_a_user_of_this_tenant(tenant: Tenant, rival: Tenant) -> None:
    fleet = Fleet(tenant)
    asset = fleet.asset()
    for word in ("somebody", str(rival.admin_id)):
        body = {"asset_id": asset["id"], "title": "Inspect", "assigned_to": word}
        assert pointers(refused(tenant.client.post(ORDERS, json=body), 422)) == ["#/assigned_to"]
        order = fleet.order(asset)
        answer = tenant.client.post(
            f"{ORDERS}/{order['id']}/transition", json={"status": "IN_PROGRESS", "assigned_to": word}
        )
        assert pointers(refused(answer, 422)) == ["#/assigned_to"]
        assert fleet.get(f"{ORDERS}/{order['id']}")["status"] == "OPEN"
    for known in ("admin", str(tenant.admin_id)):
        assert fleet.order(asset, assigned_to=known)["assigned_to"] == known


def test_an_event_is_stored_in_the_transaction_of_its_change(fleet: Fleet, server: Server) -> None:
    asset = fleet.asset(asset_code="X-1", region_code="EAST")
    twin = {"asset_type": "UAV", "asset_code": "X-1", "name": "twin", "region_code": "WEST"}
    refused(fleet.client.post("/api/assets", json=twin), 409)
    with psycopg.connect(server.urls.superuser_url) as conn:
        stored = conn.execute(
            "SELECT e.type, e.xid::text::xid = coalesce(a.xmin, r.xmin) FROM event e"
            " LEFT JOIN asset a ON e.subject = 'asset:' || a.id LEFT JOIN region r ON e.subject = 'region:' || r.id"
            " WHERE e.tenant_id = %s AND e.type IN ('asset.registered', 'region.created') ORDER BY e.type",
            (fleet.tenant.id,),
        ).fetchall()
        subjects = conn.execute(
            "SELECT count(*) FROM event WHERE tenant_id = %s AND subject = %s",
            (fleet.tenant.id, f"asset:{asset['id']}"),
        ).fetchone()
    assert stored == [("asset.registered", True), ("region.created", True)]
    assert subjects == (1,)


@contextmanager
def rows_read(server: Server) -> Iterator[list[int]]:
    """How many rows each SELECT of the server brought, while the block runs."""
    counts: list[int] = []

    def note(_conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            counts.append(cursor.rowcount)

    event.listen(server.database.engine, "after_cursor_execute", note)
    try:
        yield counts
    finally:
        event.remove(server.database.engine, "after_cursor_execute", note)


@pytest.mark.parametrize(
    "query",
    [
        "/api/assets?availability_status=IN_USE",
        "/api/assets?lifecycle_status=RETIRED",
        "/api/assets?health_status=HEALTHY",
        "/api/assets?region_code=EAST",
        "/api/assets/pool?availability_status=IN_USE&min_health_score=50",
        "/api/assets/pool/summary?min_health_score=50",
        "/api/assets?limit=1&sort=-created_at",
    ],
)
def test_filters_run_in_the_database(fleet: Fleet, server: Server, query: str) -> None:
    for _ in range(12):
        fleet.asset(region_code="WEST")
    wanted = fleet.asset(region_code="EAST")
    fleet.act(wanted, "availability", availability_status="IN_USE")
    fleet.act(wanted, "health", health_status="HEALTHY", health_score=90)
    if "RETIRED" in query:
        fleet.act(wanted, "retire", reason="x")
    with rows_read(server) as counts:
        found = fleet.client.get(query).json()
    assert len(found) == 1
    assert counts
    assert max(counts) <= 2, counts


def test_a_closed_work_order_says_when_work_began(fleet: Fleet, server: Server) -> None:
    straight = fleet.close(fleet.order(fleet.asset()))
    assert straight["started_at"] == straight["closed_at"]
    order = fleet.order(fleet.asset())
    begun = fleet.move(order, "IN_PROGRESS")["started_at"]
    assert begun is not None
    fleet.move(order, "OPEN")
    fleet.move(order, "IN_PROGRESS")
    assert fleet.close(order)["started_at"] == begun
    with (
        psycopg.connect(server.urls.superuser_url) as conn,
        pytest.raises(psycopg.errors.CheckViolation) as caught,
    ):
        conn.execute("UPDATE work_order SET started_at = NULL WHERE id = %s", (order["id"],))
    assert caught.value.diag.constraint_name == "ck_work_order_closed_was_started"


def test_a_reservation_is_a_period_and_not_only_a_word(fleet: Fleet) -> None:
    asset = fleet.asset()
    fleet.reserve(asset, soon(hours=-1), soon(hours=1))
    assert fleet.read(asset)["availability_status"] == "RESERVED"
    refused(fleet.try_reserve(asset, soon(minutes=30), soon(hours=2)), 409, "reservation_conflict")
    later = fleet.asset()
    fleet.reserve(later, soon(hours=1), soon(hours=2))
    assert fleet.read(later)["availability_status"] == "AVAILABLE"
