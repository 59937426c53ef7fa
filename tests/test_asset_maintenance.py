"""Phase 09, maintenance: every row of the contract's work order table, black box over HTTP."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.fleet import ORDERS, Fleet, pointers, refused, soon
from tests.support.tenants import Tenant

FIELDS = {
    "id", "tenant_id", "asset_id", "title", "description", "priority", "status", "created_by", "assigned_to",
    "close_note", "created_at", "updated_at", "closed_at", "closed_by",
}  # fmt: skip
HISTORY_FIELDS = {
    "id", "workorder_id", "action", "from_status", "to_status", "note", "actor_id", "detail", "created_at",
}  # fmt: skip


def history(fleet: Fleet, order: dict[str, Any]) -> list[tuple[str, str | None, str | None, str | None]]:
    rows = fleet.get(f"{ORDERS}/{order['id']}/history")
    return [(row["action"], row["from_status"], row["to_status"], row["note"]) for row in rows]


def try_move(fleet: Fleet, order: dict[str, Any], status: str, **fields: Any) -> httpx.Response:
    return fleet.client.post(f"{ORDERS}/{order['id']}/transition", json={"status": status} | fields)


def test_a_work_order_is_opened_on_an_asset(fleet: Fleet) -> None:
    asset = fleet.asset()
    body = {"asset_id": asset["id"], "title": "Replace motor", "note": "noisy", "colour": "ignored"}
    answer = fleet.client.post(ORDERS, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made.keys() >= FIELDS
    assert (made["tenant_id"], made["asset_id"]) == (str(fleet.tenant.id), asset["id"])
    assert (made["title"], made["priority"], made["status"]) == ("Replace motor", 5, "OPEN")
    assert made["created_by"] == str(fleet.tenant.admin_id)
    nothing_yet = ("description", "assigned_to", "close_note", "closed_at", "closed_by")
    assert [made[name] for name in nothing_yet] == [None] * 5
    assert fleet.get(f"/api/v1/assets/maintenance/workorders/{made['id']}") == made
    assert history(fleet, made) == [("created", None, "OPEN", "noisy")]


@pytest.mark.parametrize("priority", [1, 10])
def test_a_work_order_keeps_what_it_was_opened_with(fleet: Fleet, priority: int) -> None:
    end = soon(hours=5)
    made = fleet.order(
        fleet.asset(),
        title="T" * 200,
        description="long",
        priority=priority,
        assigned_to="admin",
        expected_end_at=end,
    )
    assert (made["title"], made["description"], made["priority"]) == ("T" * 200, "long", priority)
    assert made["assigned_to"] == "admin"
    assert datetime.fromisoformat(made["expected_end_at"]) == datetime.fromisoformat(end)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("title", "x" * 201),
        ("priority", 0),
        ("priority", 11),
        ("priority", "urgent"),
        ("asset_id", "not an id"),
        ("expected_end_at", "yesterday"),
        ("expected_end_at", "2001-01-01T00:00:00Z"),
    ],
)
def test_a_bad_field_is_422_and_named(fleet: Fleet, field: str, value: object) -> None:
    body = {"asset_id": fleet.asset()["id"], "title": "Inspect"} | {field: value}
    assert pointers(refused(fleet.client.post(ORDERS, json=body), 422)) == [f"#/{field}"]
    assert fleet.get(ORDERS) == []


def test_work_needs_an_asset_in_service(tenant: Tenant, rival: Tenant) -> None:
    fleet = Fleet(tenant)
    for asset_id in (Fleet(rival).asset()["id"], str(uuid4())):
        body = {"asset_id": asset_id, "title": "Inspect"}
        refused(tenant.client.post(ORDERS, json=body), 404, "asset_not_found")
    gone = fleet.act(fleet.asset(), "retire", reason="gone")
    body = {"asset_id": gone["id"], "title": "Inspect"}
    refused(tenant.client.post(ORDERS, json=body), 409, "asset_retired")


def test_the_list_filters_by_asset_and_status(fleet: Fleet) -> None:
    one, two = fleet.asset(), fleet.asset()
    first, second, third = fleet.order(one), fleet.order(two), fleet.order(one)
    fleet.move(third, "IN_PROGRESS")
    wanted = {
        "": [first, second, third],
        f"asset_id={one['id']}": [first, third],
        "status=OPEN": [first, second],
        f"asset_id={one['id']}&status=IN_PROGRESS": [third],
        "status=CLOSED": [],
        f"asset_id={uuid4()}": [],
    }
    for query, expected in wanted.items():
        found = fleet.client.get(f"{ORDERS}?{query}").json()
        assert [row["id"] for row in found] == [row["id"] for row in expected], query
    refused(fleet.client.get(f"{ORDERS}?status=DONE"), 422)
    refused(fleet.client.get(f"{ORDERS}?colour=red"), 400, "unknown_parameter")


def test_unknown_and_foreign_work_orders_are_404(tenant: Tenant, rival: Tenant) -> None:
    theirs = Fleet(rival)
    for order_id in (theirs.order(theirs.asset())["id"], str(uuid4())):
        refused(tenant.client.get(f"{ORDERS}/{order_id}"), 404, "work_order_not_found")
        refused(tenant.client.get(f"{ORDERS}/{order_id}/history"), 404, "work_order_not_found")
        body = {"status": "IN_PROGRESS"}
        refused(tenant.client.post(f"{ORDERS}/{order_id}/transition", json=body), 404, "work_order_not_found")
        refused(tenant.client.post(f"{ORDERS}/{order_id}/close", json={}), 404, "work_order_not_found")
    assert tenant.client.get(ORDERS).json() == []


def test_work_moves_forth_and_back_and_is_remembered_oldest_first(fleet: Fleet) -> None:
    order = fleet.order(fleet.asset())
    assert fleet.move(order, "IN_PROGRESS", note="begun")["status"] == "IN_PROGRESS"
    assert fleet.move(order, "OPEN", note="no parts")["status"] == "OPEN"
    assert fleet.move(order, "IN_PROGRESS")["status"] == "IN_PROGRESS"
    closed = fleet.close(order, note="done")
    assert (closed["status"], closed["close_note"]) == ("CLOSED", "done")
    assert closed["closed_by"] == str(fleet.tenant.admin_id)
    assert closed["closed_at"] is not None
    assert history(fleet, order) == [
        ("created", None, "OPEN", None),
        ("status_changed", "OPEN", "IN_PROGRESS", "begun"),
        ("status_changed", "IN_PROGRESS", "OPEN", "no parts"),
        ("status_changed", "OPEN", "IN_PROGRESS", None),
        ("closed", "IN_PROGRESS", "CLOSED", "done"),
    ]
    rows = fleet.get(f"{ORDERS}/{order['id']}/history")
    assert all(row.keys() >= HISTORY_FIELDS for row in rows)
    assert {row["workorder_id"] for row in rows} == {order["id"]}
    assert {row["actor_id"] for row in rows} == {str(fleet.tenant.admin_id)}


@pytest.mark.parametrize("ending", ["CLOSED", "CANCELED"])
@pytest.mark.parametrize("begun", [True, False])
def test_an_ended_work_order_stays_ended(fleet: Fleet, ending: str, begun: bool) -> None:
    order = fleet.order(fleet.asset())
    if begun:
        fleet.move(order, "IN_PROGRESS")
    ended = fleet.close(order) if ending == "CLOSED" else fleet.move(order, "CANCELED")
    assert ended["status"] == ending
    for status in ("OPEN", "IN_PROGRESS", "CANCELED", "CLOSED"):
        answer = try_move(fleet, order, status, assigned_to="admin")
        assert refused(answer, 409, "work_order_transition_refused")["allowed"] == []
    answer = fleet.client.post(f"{ORDERS}/{order['id']}/close", json={})
    refused(answer, 409, "work_order_transition_refused")
    assert fleet.get(f"{ORDERS}/{order['id']}") == ended


def test_closing_has_its_own_call(fleet: Fleet) -> None:
    order = fleet.order(fleet.asset())
    problem = refused(try_move(fleet, order, "CLOSED"), 409, "work_order_transition_refused")
    assert problem["allowed"] == ["IN_PROGRESS", "CANCELED", "CLOSED"]
    assert pointers(refused(try_move(fleet, order, "DONE"), 422)) == ["#/status"]


@pytest.mark.parametrize("status", ["OPEN", "IN_PROGRESS"])
def test_the_same_status_needs_a_new_assignee(fleet: Fleet, status: str) -> None:
    order = fleet.order(fleet.asset())
    if status == "IN_PROGRESS":
        fleet.move(order, status)
    refused(try_move(fleet, order, status), 409, "work_order_transition_refused")
    assert fleet.move(order, status, assigned_to="admin")["assigned_to"] == "admin"
    refused(try_move(fleet, order, status, assigned_to="admin"), 409, "work_order_transition_refused")
    assert history(fleet, order)[-1] == ("status_changed", status, status, None)


def test_an_assignee_is_kept_when_it_is_not_sent(fleet: Fleet) -> None:
    order = fleet.order(fleet.asset(), assigned_to=str(fleet.tenant.admin_id))
    assert fleet.move(order, "IN_PROGRESS")["assigned_to"] == str(fleet.tenant.admin_id)


@pytest.mark.parametrize(
    ("permissions", "reads", "writes"),
    [
        (("maintenance.read",), 200, 403),
        (("maintenance.read", "maintenance.write"), 200, 201),
        (("registry.read",), 200, 403),
        (("registry.read", "registry.write"), 200, 201),
        (("assets.read", "assets.write"), 403, 403),
    ],
)
def test_registry_permissions_open_the_maintenance_routes(
    tenant: Tenant, permissions: tuple[str, ...], reads: int, writes: int
) -> None:
    asset = Fleet(tenant).asset()
    client = tenant.as_user(*permissions)
    assert client.get(ORDERS).status_code == reads
    assert client.post(ORDERS, json={"asset_id": asset["id"], "title": "x"}).status_code == writes


def test_nobody_reads_or_writes_without_signing_in(anonymous: httpx.Client) -> None:
    refused(anonymous.get(ORDERS), 401)
    refused(anonymous.post(ORDERS, json={}), 401)
