"""Kanban: cards over the board, limits that hold, and rules that fire with the stock."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.manufacturing.plant import Plant
from tests.manufacturing.test_orders import at_once
from tests.manufacturing.warehouse import Json
from tests.support.fleet import pointers
from tests.support.tenants import Tenant

KANBAN = "/api/ppic/kanban"


class Kanban:
    """What the tenant's administrator does on the boards."""

    def __init__(self, tenant: Tenant) -> None:
        self.plant = Plant(tenant)
        self.warehouse = self.plant.warehouse
        self.client = tenant.client
        self.tenant = tenant

    def board(self, department: str = "Sewing", **fields: Any) -> Json:
        return self.tenant.post(f"{KANBAN}/boards", department=department, **fields)

    def try_card(self, item: Json, quantity: Any = 5, **fields: Any) -> httpx.Response:
        body = {"product_id": item["id"], "qty_requested": quantity, "department": "Sewing"} | fields
        return self.client.post(f"{KANBAN}/cards", json=body)

    def card(self, item: Json, quantity: Any = 5, **fields: Any) -> Json:
        answer = self.try_card(item, quantity, **fields)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def try_to(self, card: Json, action: str, **body: Any) -> httpx.Response:
        return self.client.post(f"{KANBAN}/cards/{card['id']}/{action}", json=body)

    def act(self, card: Json, *actions: str, **body: Any) -> Json:
        for action in actions:
            answer = self.try_to(card, action, **body)
            assert answer.status_code == 200, answer.text
        done: Json = answer.json()
        return done

    def cards(self, path: str = "/cards", **params: Any) -> list[Json]:
        found: list[Json] = self.plant.get(f"/kanban{path}", **params)
        return found

    def lanes(self, board: Json) -> dict[str, int]:
        """Cards by lane, as the counters say; they equal what is listed."""
        shown = self.plant.get(f"/kanban/boards/{board['id']}")
        counted = {row["lane"]: row["cards"] for row in shown["lanes"]}
        listed = [card["status"] for card in self.cards(department=shown["department"])]
        assert counted == {lane: listed.count(lane) for lane in counted}
        return counted

    def rule(self, board: Json, item: Json, point: Any, quantity: Any, **fields: Any) -> Json:
        body = {"board_id": board["id"], "item_id": item["id"], "reorder_point": point}
        return self.tenant.post(f"{KANBAN}/rules", order_quantity=quantity, **body, **fields)

    def take(self, item: Json, quantity: Any, **fields: Any) -> None:
        moved = self.warehouse.try_move(item, quantity, move_type="ISSUE", **fields)
        assert moved.status_code == 201, moved.text


@pytest.fixture
def kanban(tenant: Tenant) -> Kanban:
    return Kanban(tenant)


def test_a_card_from_request_to_receipt(kanban: Kanban) -> None:
    item = kanban.plant.raw()
    card = kanban.card(item, "12.5", priority="High", notes="For line 2")
    assert (card["card_number"], card["status"], card["priority"]) == ("SEWING-0001", "REQUESTED", "HIGH")
    assert (card["product_code"], card["uom"], card["qty_requested"]) == (item["code"], "pcs", "12.5")
    assert card["allowed"] == ["approve", "reject"]
    assert kanban.act(card, "approve")["status"] == "APPROVED"
    shipped = kanban.act(card, "ship")
    assert (shipped["status"], shipped["allowed"]) == ("IN_TRANSIT", ["receive"])
    received = kanban.act(card, "receive")
    assert (received["status"], received["qty_received"], received["allowed"]) == ("RECEIVED", "12.5", [])
    assert received["requested_by"] == received["received_by"] == str(kanban.tenant.admin_id)
    moments = [received[f"{step}_at"] for step in ("approved", "shipped", "received")]
    assert moments == sorted(moments)


def test_less_may_arrive_and_the_older_name_of_it_is_known(kanban: Kanban) -> None:
    card = kanban.card(kanban.plant.raw(), 10)
    kanban.act(card, "approve", "ship")
    assert kanban.act(card, "receive", qty_fulfilled=8)["qty_received"] == "8"
    other = kanban.card(kanban.plant.raw(), 10)
    kanban.act(other, "approve", "ship")
    assert kanban.try_to(other, "receive", qty_received=0).status_code == 422


def test_older_clients_send_no_body_and_their_own_spellings(kanban: Kanban) -> None:
    item = kanban.plant.raw()
    fields = {"item_id": item["id"], "quantity": 3, "requesting_department": "Sewing", "colour": "red"}
    made = kanban.client.post("/api/v1/ppic/kanban/cards", json=fields | {"priority": "Urgent"})
    assert made.status_code == 201, made.text
    path = f"/api/v1/ppic/kanban/cards/{made.json()['id']}"
    assert kanban.client.post(f"{path}/approve").status_code == 200
    assert kanban.client.post(f"{path}/ship").status_code == 200
    for spelling in ("In Transit", "in_transit", "IN-TRANSIT", "In Progress"):
        assert [c["id"] for c in kanban.cards("/cards/all", status=spelling)] == [made.json()["id"]]
    assert kanban.cards("/cards/all", status="Requested") == []
    assert kanban.client.get(f"{KANBAN}/cards", params={"status": "Lost"}).status_code == 422


def test_rejecting_needs_a_reason_and_comes_before_shipping(kanban: Kanban) -> None:
    card = kanban.card(kanban.plant.raw())
    refused = kanban.try_to(card, "reject")
    assert (refused.status_code, pointers(refused.json())) == (422, ["#/reason"])
    by_query = kanban.client.post(f"{KANBAN}/cards/{card['id']}/reject", params={"reason": "Enough there"})
    assert (by_query.json()["status"], by_query.json()["reject_reason"]) == ("REJECTED", "Enough there")
    shipped = kanban.card(kanban.plant.raw())
    kanban.act(shipped, "approve", "ship")
    late = kanban.try_to(shipped, "reject", reason="Too late")
    assert (late.status_code, late.json()["code"]) == (409, "card_move_refused")
    assert (late.json()["card_status"], late.json()["allowed"]) == ("IN_TRANSIT", ["receive"])


@pytest.mark.parametrize(
    ("steps", "action"),
    [((), "ship"), ((), "receive"), (("approve",), "approve"), (("approve", "ship", "receive"), "ship")],
)
def test_a_step_out_of_order_is_refused(kanban: Kanban, steps: tuple[str, ...], action: str) -> None:
    card = kanban.card(kanban.plant.raw())
    if steps:
        card = kanban.act(card, *steps)
    refused = kanban.try_to(card, action)
    assert (refused.status_code, refused.json()["allowed"]) == (409, card["allowed"])


def test_cards_are_found_by_department_status_and_priority(kanban: Kanban) -> None:
    item = kanban.plant.raw()
    first = kanban.card(item, priority="URGENT")
    second = kanban.card(item, department="Final Assembly")
    kanban.act(second, "approve")
    assert [c["id"] for c in kanban.cards(department="sewing")] == [first["id"]]
    assert [c["id"] for c in kanban.cards(department="final-assembly")] == [second["id"]]
    assert [c["id"] for c in kanban.cards(priority="urgent")] == [first["id"]]
    assert [c["id"] for c in kanban.cards(status="Approved", department="Final Assembly")] == [second["id"]]
    assert second["card_number"] == "FINAL-ASSEMBLY-0001"


def test_unknown_things_are_404(kanban: Kanban) -> None:
    nothing = "019a0000-0000-7000-8000-000000000000"
    assert kanban.try_card({"id": nothing}).json()["code"] == "item_not_found"
    assert kanban.try_to({"id": nothing}, "approve").json()["code"] == "card_not_found"
    assert kanban.client.get(f"{KANBAN}/dashboard/nowhere").json()["code"] == "board_not_found"
    assert kanban.client.patch(f"{KANBAN}/rules/{nothing}", json={}).json()["code"] == "kanban_rule_not_found"
    unnamed = kanban.try_card(kanban.plant.raw(), department="--")
    assert (unnamed.status_code, pointers(unnamed.json())) == (422, ["#/department"])


def test_a_department_has_one_board(kanban: Kanban) -> None:
    kanban.board("Sewing")
    again = kanban.client.post(f"{KANBAN}/boards", json={"department": "sewing"})
    assert (again.status_code, again.json()["code"]) == (409, "board_taken")


def test_a_full_lane_refuses_with_current_and_limit(kanban: Kanban) -> None:
    board = kanban.board(limit_requested=2)
    item = kanban.plant.raw()
    first = kanban.card(item)
    kanban.card(item)
    full = kanban.try_card(item)
    assert (full.status_code, full.json()["code"]) == (409, "lane_full")
    assert {name: full.json()[name] for name in ("lane", "current", "limit", "department")} == {
        "lane": "REQUESTED",
        "current": 2,
        "limit": 2,
        "department": "Sewing",
    }
    kanban.act(first, "approve")
    assert kanban.card(item)["card_number"] == "SEWING-0003"
    assert kanban.lanes(board) == {"REQUESTED": 2, "APPROVED": 1, "IN_TRANSIT": 0}


def test_sixteen_clients_and_one_place(kanban: Kanban) -> None:
    board = kanban.board(limit_requested=16, limit_in_transit=1)
    item = kanban.plant.raw()
    cards = [kanban.act(kanban.card(item), "approve") for _ in range(16)]
    assert at_once(16, lambda n: kanban.try_to(cards[n], "ship")) == [200] + [409] * 15
    assert kanban.lanes(board) == {"REQUESTED": 0, "APPROVED": 15, "IN_TRANSIT": 1}


def test_sixteen_requests_number_their_cards_without_gaps(kanban: Kanban) -> None:
    item = kanban.plant.raw()
    statuses = at_once(16, lambda _: kanban.try_card(item))
    assert statuses == [201] * 10 + [409] * 6
    assert sorted(c["card_number"] for c in kanban.cards()) == [f"SEWING-{n:04d}" for n in range(1, 11)]


def test_two_who_move_one_card_move_it_once(kanban: Kanban) -> None:
    board = kanban.board()
    card = kanban.card(kanban.plant.raw())
    assert at_once(2, lambda _: kanban.try_to(card, "approve")) == [200, 409]
    assert kanban.lanes(board) == {"REQUESTED": 0, "APPROVED": 1, "IN_TRANSIT": 0}


def test_going_over_a_limit_needs_the_permission_and_a_reason_and_is_kept(
    kanban: Kanban, relay: Callable[[Tenant], int]
) -> None:
    board = kanban.board(limit_requested=1)
    item = kanban.plant.raw()
    kanban.card(item)
    clerk = kanban.tenant.as_user("ppic.view", "ppic.update")
    body = {"product_id": item["id"], "qty_requested": 5, "department": "Sewing", "override": True}
    refused = clerk.post(f"{KANBAN}/cards", json=body | {"override_reason": "I want it"})
    assert (refused.status_code, refused.json()["permission"]) == (403, "ppic.approve")
    unexplained = kanban.try_card(item, override=True)
    assert (unexplained.status_code, pointers(unexplained.json())) == (422, ["#/override_reason"])
    over = kanban.card(item, override=True, override_reason="Line 2 stands still")
    assert kanban.lanes(board)["REQUESTED"] == 2
    relay(kanban.tenant)
    events = kanban.client.get("/api/events", params={"type": "kanban.limit_overridden"}).json()
    assert [(e["subject"], e["payload"]["current"], e["payload"]["limit"]) for e in events] == [
        (f"card:{over['id']}", 1, 1)
    ]
    assert events[0]["payload"]["reason"] == "Line 2 stands still"


def test_an_override_that_is_not_needed_overrides_nothing(
    kanban: Kanban, relay: Callable[[Tenant], int]
) -> None:
    clerk = kanban.tenant.as_user("ppic.view", "ppic.update")
    body = {"product_id": kanban.plant.raw()["id"], "qty_requested": 5, "department": "Sewing"}
    assert clerk.post(f"{KANBAN}/cards", json=body | {"override": True}).status_code == 201
    relay(kanban.tenant)
    assert kanban.client.get("/api/events", params={"type": "kanban.limit_overridden"}).json() == []


def test_a_limit_that_is_lowered_holds_from_then_on(kanban: Kanban) -> None:
    board = kanban.board(limit_requested=5)
    item = kanban.plant.raw()
    cards = [kanban.card(item) for _ in range(3)]
    path = f"{KANBAN}/boards/{board['id']}"
    assert kanban.client.patch(path, json={"limit_requested": 2}).status_code == 200
    kanban.act(cards[0], "approve")
    full = kanban.try_card(item).json()
    assert (full["current"], full["limit"]) == (2, 2)
    assert kanban.client.patch(path, json={"limit_requested": None}).status_code == 200
    assert kanban.card(item)["status"] == "REQUESTED"


def test_small_cards_are_approved_at_once_while_there_is_room(kanban: Kanban) -> None:
    board = kanban.board(auto_approve_threshold=5, limit_approved=1)
    item = kanban.plant.raw()
    small = kanban.card(item, 5)
    assert (small["status"], small["approved_by"]) == ("APPROVED", f"board:{board['id']}")
    assert kanban.card(item, 5)["status"] == "REQUESTED"
    kanban.act(small, "ship")
    assert kanban.card(item, "5.001")["status"] == "REQUESTED"
    assert kanban.card(item, 4)["status"] == "APPROVED"
    assert kanban.lanes(board) == {"REQUESTED": 2, "APPROVED": 1, "IN_TRANSIT": 1}


def test_crossing_the_reorder_point_makes_one_card(kanban: Kanban) -> None:
    board = kanban.board()
    item = kanban.plant.raw(20)
    rule = kanban.rule(board, item, 10, 50, priority="High", lead_time_days=3)
    kanban.take(item, 9)
    assert kanban.cards() == []
    kanban.take(item, 1)
    (card,) = kanban.cards()
    assert (card["rule_id"], card["qty_requested"], card["priority"]) == (rule["id"], "50", "HIGH")
    assert (card["requested_by"], card["needed_by"] > card["created_at"]) == (f"rule:{rule['id']}", True)
    kanban.take(item, 5)
    assert len(kanban.cards()) == 1
    kanban.act(card, "approve", "ship", "receive")
    kanban.warehouse.receive(item, 50)
    assert len(kanban.cards()) == 1
    kanban.take(item, 45)
    assert [c["status"] for c in kanban.cards()] == ["RECEIVED", "REQUESTED"]


def test_a_rule_fires_once_under_sixteen_takers(kanban: Kanban) -> None:
    board = kanban.board()
    item = kanban.plant.raw(16)
    kanban.rule(board, item, 10, 50)
    taken = at_once(16, lambda _: kanban.warehouse.try_move(item, 1, move_type="ISSUE"))
    assert taken == [201] * 16
    assert len(kanban.cards()) == 1
    assert kanban.lanes(board)["REQUESTED"] == 1


def test_a_refused_move_makes_no_card(kanban: Kanban) -> None:
    item = kanban.plant.raw(20)
    kanban.rule(kanban.board(), item, 10, 50)
    assert kanban.warehouse.try_move(item, 21, move_type="ISSUE").status_code == 409
    assert kanban.cards() == []


def test_a_rule_looks_at_its_location_and_what_is_below(kanban: Kanban) -> None:
    line = kanban.warehouse.location()
    shelf = kanban.warehouse.location(parent_id=line["id"])
    item = kanban.plant.raw(100)
    kanban.warehouse.receive(item, 5, to_location_id=shelf["id"])
    board = kanban.board()
    kanban.rule(board, item, 3, 10, location_id=line["id"])
    assert kanban.cards() == []
    kanban.take(item, 3, from_location_id=shelf["id"])
    assert len(kanban.cards()) == 1


def test_a_rule_that_is_due_when_it_is_stated_fires_at_once(kanban: Kanban) -> None:
    board = kanban.board()
    item = kanban.plant.raw()
    rule = kanban.rule(board, item, 0, 10, is_active=False)
    assert kanban.cards() == []
    path = f"{KANBAN}/rules/{rule['id']}"
    assert kanban.client.patch(path, json={"is_active": True}).status_code == 200
    assert [c["rule_id"] for c in kanban.cards()] == [rule["id"]]
    twice = kanban.client.post(
        f"{KANBAN}/rules",
        json={"board_id": board["id"], "item_id": item["id"], "reorder_point": 1, "order_quantity": 1},
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "kanban_rule_taken")


def test_a_full_board_never_stops_stock_and_the_card_follows(kanban: Kanban) -> None:
    board = kanban.board(limit_requested=1)
    item, other = kanban.plant.raw(20), kanban.plant.raw()
    rule = kanban.rule(board, item, 10, 50)
    blocking = kanban.card(other)
    kanban.take(item, 15)
    assert [c["id"] for c in kanban.cards()] == [blocking["id"]]
    assert kanban.plant.get(f"/kanban/rules/{rule['id']}")["waiting_since"]
    kanban.act(blocking, "reject", reason="Not needed")
    assert [c["rule_id"] for c in kanban.cards(status="REQUESTED")] == [rule["id"]]
    assert kanban.plant.get(f"/kanban/rules/{rule['id']}")["waiting_since"] is None
    assert kanban.lanes(board) == {"REQUESTED": 1, "APPROVED": 0, "IN_TRANSIT": 0}


def test_a_waiting_rule_whose_stock_came_back_makes_no_card(kanban: Kanban) -> None:
    board = kanban.board(limit_requested=1)
    item = kanban.plant.raw(20)
    rule = kanban.rule(board, item, 10, 50)
    blocking = kanban.card(kanban.plant.raw())
    kanban.take(item, 15)
    kanban.warehouse.receive(item, 100)
    assert kanban.plant.get(f"/kanban/rules/{rule['id']}")["waiting_since"] is None
    kanban.act(blocking, "approve")
    assert kanban.cards(status="REQUESTED") == []


def test_the_dashboard_equals_its_cards(kanban: Kanban) -> None:
    item = kanban.plant.raw()
    kanban.card(item, priority="URGENT", needed_by="2020-01-01T00:00:00Z")
    kanban.act(kanban.card(item), "approve")
    kanban.act(kanban.card(item), "approve", "ship", "receive")
    kanban.act(kanban.card(item), "reject", reason="No")
    shown = kanban.plant.get("/kanban/dashboard/SEWING")
    assert shown["department"] == "Sewing"
    for lane in shown["lanes"]:
        assert lane["cards"] == len(kanban.cards(status=lane["lane"], department="Sewing"))
    assert shown["open_by_priority"] == {"URGENT": 1, "HIGH": 0, "NORMAL": 1, "LOW": 0}
    assert (shown["overdue"], shown["received_30d"], shown["rejected_30d"]) == (1, 1, 1)
    assert shown["mean_lead_seconds"] >= 0
    assert re.fullmatch(r"SEWING-\d{4}", kanban.cards()[0]["card_number"])
