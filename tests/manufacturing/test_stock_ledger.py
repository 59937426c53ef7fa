"""The ledger: moves between places, never edited, and balances that are always their sum."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.manufacturing.warehouse import Warehouse, line
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant

NEVER = "0192f0c0-0000-7000-8000-000000000000"


@pytest.fixture
def store(tenant: Tenant) -> Warehouse:
    return Warehouse(tenant)


def test_goods_come_in_move_and_go_out(store: Warehouse) -> None:
    item = store.item(uom="m", standard_cost="2")
    shelf = store.location(code="SHELF-1")
    came = store.receive(item, "150", uom="cm", unit_cost="2.25", source_ref="purchase:1")
    assert (came["quantity"], came["uom"], came["unit_cost"]) == ("1.5", "m", "2.25")
    assert (came["from_location_id"], came["to_location_id"]) == (
        store.standard("SUPPLIER"),
        store.standard(),
    )
    moved = store.post(
        "/stock/moves", move_type="TRANSFER", item_id=item["id"], quantity="1", to_location_id=shelf["id"]
    )
    assert moved["unit_cost"] == "2"
    gone = store.try_move(item, "0.25", move_type="ISSUE", from_location_id=shelf["id"]).json()
    assert gone["to_location_id"] == store.standard("PRODUCTION")
    assert {(row["location_code"], row["on_hand"], row["uom"]) for row in store.stock(item)} == {
        ("SHELF-1", "0.75", "m"),
        ("STOCK", "0.5", "m"),
    }
    assert [row["on_hand"] for row in store.stock(item, location_id=shelf["id"])] == ["0.75"]
    ledger = store.get("/stock/moves", item_id=item["id"])
    assert [row["move_type"] for row in ledger] == ["ISSUE", "TRANSFER", "RECEIVE"]
    assert ledger[0] == gone == store.get(f"/stock/moves/{gone['id']}")
    assert [row["id"] for row in store.get("/stock/moves", source_ref="purchase:1")] == [came["id"]]
    assert len(store.get("/stock/moves", location_id=shelf["id"], move_type="ISSUE")) == 1
    store.check_books()


@pytest.mark.parametrize(
    ("from_kind", "to_kind", "says"),
    [
        ("SUPPLIER", "INTERNAL", "RECEIVE"),
        ("PRODUCTION", "INTERNAL", "RECEIVE"),
        ("CUSTOMER", "INTERNAL", "RETURN"),
        ("LOSS", "INTERNAL", "ADJUST"),
        ("INTERNAL", "LOSS", "ADJUST"),
        ("INTERNAL", "CUSTOMER", "ISSUE"),
        ("INTERNAL", "SUPPLIER", "RETURN"),
    ],
)
def test_the_places_say_what_a_move_is(store: Warehouse, from_kind: str, to_kind: str, says: str) -> None:
    item = store.item()
    store.receive(item, 5)
    made = store.try_move(
        item, 1, from_location_id=store.standard(from_kind), to_location_id=store.standard(to_kind)
    )
    assert made.status_code == 201, made.text
    assert made.json()["move_type"] == says
    store.check_books()


def test_more_than_there_is_is_refused_with_the_numbers(store: Warehouse) -> None:
    item = store.item()
    store.receive(item, 5)
    problem = refused(store.try_move(item, 7, move_type="ISSUE"), 409, "insufficient_stock")
    assert problem["missing"] == [
        {
            "item_id": item["id"],
            "location_id": store.standard(),
            "lot_id": None,
            "requested": "7",
            "available": "5",
        }
    ]
    assert store.on_hand(item) == [("5", "0")]
    store.reserve("sale:1", line(item, 4))
    refused(store.try_move(item, 2, move_type="ISSUE"), 409, "insufficient_stock")
    assert store.try_move(item, 1, move_type="ISSUE").status_code == 201
    store.check_books()


def test_the_ledger_is_reversed_and_never_edited(store: Warehouse, raw: psycopg.Connection) -> None:
    item = store.item()
    came = store.receive(item, 5)
    reversal = store.post(f"/stock/moves/{came['id']}:reverse", reason="Booked twice")
    assert (reversal["move_type"], reversal["reverses_id"], reversal["quantity"]) == (
        "REVERSE",
        came["id"],
        "5",
    )
    assert store.stock(item) == []
    again = store.try_post(f"/stock/moves/{came['id']}:reverse", reason="x")
    refused(again, 409, "move_reversed")
    used = store.receive(item, 5)
    assert store.try_move(item, 1, move_type="ISSUE").status_code == 201
    refused(store.try_post(f"/stock/moves/{used['id']}:reverse", reason="x"), 409, "insufficient_stock")
    refused(store.try_post(f"/stock/moves/{reversal['id']}:reverse", reason="x"), 409, "move_reversed")
    refused(store.try_post(f"/stock/moves/{NEVER}:reverse", reason="x"), 404, "stock_move_not_found")
    for change in ("UPDATE stock_move SET quantity = 6", "DELETE FROM stock_move", "TRUNCATE stock_move"):
        with pytest.raises(psycopg.Error):
            raw.execute(
                change + (" WHERE tenant_id = %s" if "TRUNC" not in change else ""),
                [store.tenant.id] if "TRUNC" not in change else None,
            )
    store.check_books()


def test_lots_are_made_by_receiving_and_must_be_named(store: Warehouse) -> None:
    item = store.item(tracking="LOT")
    missing = refused(store.try_move(item, 3, move_type="RECEIVE"), 422)
    assert pointers(missing) == ["#/lot_id"]
    store.receive(item, 3, lot_code="A", expires_on="2031-01-31")
    store.receive(item, 2, lot_code="A")
    (lot,) = store.get("/lots", item_id=item["id"])
    assert (lot["code"], lot["expires_on"], lot["is_serial"]) == ("A", "2031-01-31", False)
    assert datetime.fromisoformat(lot["received_at"]) <= datetime.now(UTC)
    assert store.get(f"/lots/{lot['id']}") == lot
    (row,) = store.stock(item, lot_id=lot["id"])
    assert (row["lot_code"], row["on_hand"]) == ("A", "5")
    refused(store.try_move(item, 1, move_type="ISSUE", lot_code="B"), 404, "lot_not_found")
    refused(store.try_move(item, 1, move_type="ISSUE", lot_id=NEVER), 404, "lot_not_found")
    other = store.item(tracking="LOT")
    refused(store.try_move(other, 1, move_type="RECEIVE", lot_id=lot["id"]), 404, "lot_not_found")
    assert store.try_move(item, 1, move_type="ISSUE", lot_code="A").status_code == 201
    plain = store.item()
    wrong = refused(store.try_move(plain, 1, move_type="RECEIVE", lot_code="A"), 422)
    assert pointers(wrong) == ["#/lot_code"]
    announced = store.post("/lots", item_id=item["id"], code="C")
    assert announced["received_at"] is None
    refused(store.try_post("/lots", item_id=item["id"], code="C"), 409, "lot_code_taken")
    assert pointers(refused(store.try_post("/lots", item_id=plain["id"], code="C"), 422)) == ["#/item_id"]
    store.check_books()


def test_a_serial_number_is_one_piece_in_one_place(store: Warehouse) -> None:
    item = store.item(tracking="SERIAL")
    shelf = store.location()
    store.receive(item, 1, lot_code="SN-1")
    refused(store.try_move(item, 1, move_type="RECEIVE", lot_code="SN-1"), 409, "serial_in_stock")
    elsewhere = store.try_move(item, 1, move_type="RECEIVE", lot_code="SN-1", to_location_id=shelf["id"])
    refused(elsewhere, 409, "serial_in_stock")
    two = refused(store.try_move(item, 2, move_type="RECEIVE", lot_code="SN-2"), 422)
    assert pointers(two) == ["#/quantity"]
    moved = store.try_move(item, 1, move_type="TRANSFER", lot_code="SN-1", to_location_id=shelf["id"])
    assert moved.status_code == 201, moved.text
    assert (
        store.try_move(
            item,
            1,
            move_type="TRANSFER",
            lot_code="SN-1",
            from_location_id=shelf["id"],
            to_location_id=store.standard(),
        ).status_code
        == 201
    )
    owing = store.try_move(
        item,
        1,
        move_type="ISSUE",
        lot_code="SN-1",
        from_location_id=shelf["id"],
        approve_negative=True,
        reason="x",
    )
    assert pointers(refused(owing, 422)) == ["#/approve_negative"]
    (lot,) = store.get("/lots", item_id=item["id"], code="SN-1")
    too_many = store.try_post(
        "/stock:count",
        item_id=item["id"],
        location_id=store.standard(),
        lot_id=lot["id"],
        counted_quantity=2,
        reason="x",
    )
    assert pointers(refused(too_many, 422)) == ["#/counted_quantity"]
    store.check_books()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"quantity": "0"}, "#/quantity"),
        ({"quantity": "-1"}, "#/quantity"),
        ({"quantity": "NaN"}, "#/quantity"),
        ({"quantity": "Infinity"}, "#/quantity"),
        ({"quantity": "0.0000000001"}, "#/quantity"),
        ({"quantity": "1e30"}, "#/quantity"),
        ({"uom": "ell"}, "#/uom"),
        ({"uom": "kg"}, "#/uom"),
        ({"move_type": "TRANSFER"}, "#/to_location_id"),
        ({"move_type": "ADJUST"}, "#/to_location_id"),
        ({"move_type": "REVERSE"}, "#/move_type"),
        ({"move_type": None}, "#/move_type"),
        ({"to_location_id": "SUPPLIER"}, "#/to_location_id"),
        ({"from_location_id": "LOSS"}, "#/move_type"),
        ({"from_location_id": "LOSS", "to_location_id": "CUSTOMER"}, "#/to_location_id"),
        ({"move_type": "ISSUE", "approve_negative": True}, "#/reason"),
    ],
)
def test_a_move_that_makes_no_sense_names_the_field(
    store: Warehouse, fields: dict[str, Any], pointer: str
) -> None:
    item = store.item()
    store.receive(item, 1)
    body = {"move_type": "RECEIVE", "quantity": "1"} | fields
    for name in ("from_location_id", "to_location_id"):
        if name in body:
            body[name] = store.standard(str(body[name]))
    assert pointers(refused(store.try_move(item, body.pop("quantity"), **body), 422)) == [pointer]


def test_unknown_things_are_not_found(store: Warehouse) -> None:
    item = store.item()
    refused(store.try_move({"id": NEVER}, 1, move_type="RECEIVE"), 404, "item_not_found")
    refused(store.try_move(item, 1, move_type="RECEIVE", to_location_id=NEVER), 404, "location_not_found")
    for path, code in (("stock/moves", "stock_move"), ("locations", "location"), ("lots", "lot")):
        refused(store.client.get(f"/api/warehouse/{path}/{NEVER}"), 404, f"{code}_not_found")


def test_services_and_retired_items_do_not_move(store: Warehouse) -> None:
    service = store.item(item_type="SERVICE", uom="h")
    refused(store.try_move(service, 1, move_type="RECEIVE"), 409, "item_not_stocked")
    item = store.item()
    store.receive(item)
    assert store.try_patch(f"/items/{item['id']}", is_active=False).status_code == 200
    refused(store.try_move(item, 1, move_type="ISSUE"), 409, "item_not_stocked")
    refused(store.try_patch(f"/items/{item['id']}", tracking="LOT"), 409, "item_in_use")
    refused(store.try_patch(f"/items/{item['id']}", item_type="SERVICE"), 409, "item_in_use")


def test_locations_are_a_tree(store: Warehouse) -> None:
    hall = store.location(code="HALL")
    aisle = store.location(code="AISLE", parent_id=hall["id"])
    shelf = store.location(code="BIN", parent_id=aisle["id"])
    assert [row["depth"] for row in (hall, aisle, shelf)] == [0, 1, 2]
    assert [row["code"] for row in store.get("/locations", parent_id=hall["id"])] == ["AISLE"]
    refused(store.try_patch(f"/locations/{hall['id']}", parent_id=shelf["id"]), 409, "location_loop")
    moved = store.try_patch(f"/locations/{aisle['id']}", parent_id=None, name="Aisle").json()
    assert (moved["depth"], moved["name"], moved["parent_id"]) == (0, "Aisle", None)
    assert store.get(f"/locations/{shelf['id']}")["depth"] == 1
    refused(store.try_post("/locations", code="HALL"), 409, "location_code_taken")
    refused(store.try_post("/locations", code="X", parent_id=NEVER), 404, "location_not_found")
    other = refused(store.try_post("/locations", code="X", kind="LOSS", parent_id=hall["id"]), 422)
    assert pointers(other) == ["#/parent_id"]
    kinds = {row["kind"] for row in store.get("/locations") if row["is_standard"]}
    assert kinds == {"INTERNAL", "SUPPLIER", "CUSTOMER", "PRODUCTION", "LOSS"}


def test_a_count_moves_the_difference(store: Warehouse) -> None:
    item, here = store.item(), store.standard()
    body = {"item_id": item["id"], "location_id": here, "reason": "Stocktake"}
    assert store.post("/stock:count", **body, counted_quantity=0)["on_hand"] == "0"
    store.receive(item, 10)
    assert store.post("/stock:count", **body, counted_quantity="8.5")["on_hand"] == "8.5"
    assert store.post("/stock:count", **body, counted_quantity="9")["on_hand"] == "9"
    assert [(m["move_type"], m["quantity"]) for m in store.get("/stock/moves", item_id=item["id"])] == [
        ("ADJUST", "0.5"),
        ("ADJUST", "1.5"),
        ("RECEIVE", "10"),
    ]
    store.reserve("sale:1", line(item, 5))
    refused(store.try_post("/stock:count", **body, counted_quantity=4), 409, "insufficient_stock")
    outside = store.try_post(
        "/stock:count", **body | {"location_id": store.standard("LOSS")}, counted_quantity=4
    )
    assert pointers(refused(outside, 422)) == ["#/location_id"]
    store.check_books()


def test_negative_stock_is_a_debt_that_receipts_settle(store: Warehouse) -> None:
    item = store.item()
    store.receive(item, 2)
    clerk = store.tenant.as_user("warehouse.create", "warehouse.view")
    body = {"item_id": item["id"], "move_type": "ISSUE", "quantity": 5, "reason": "The truck is on its way"}
    refused(clerk.post("/api/warehouse/stock/moves", json=body | {"approve_negative": True}), 403)
    refused(store.try_post("/stock/moves", **body), 409, "insufficient_stock")
    taken = store.post("/stock/moves", **body, approve_negative=True)
    (row,) = store.stock(item)
    assert (row["on_hand"], row["owed"], row["available"]) == ("0", "3", "0")
    (debt,) = store.get("/stock/debts", item_id=item["id"])
    assert (debt["move_id"], debt["quantity"], debt["settled"], debt["reason"]) == (
        taken["id"],
        "3",
        "0",
        "The truck is on its way",
    )
    store.post("/stock/moves", **body | {"quantity": 1}, approve_negative=True)
    store.check_books()
    store.receive(item, "3.5")
    (still,) = store.get("/stock/debts")
    assert (still["quantity"], still["settled"]) == ("1", "0.5")
    store.receive(item, 2)
    assert store.get("/stock/debts") == []
    settled = store.get("/stock/debts", open_only=False)
    assert [row["settled_at"] is not None for row in settled] == [True, True]
    assert store.on_hand(item) == [("1.5", "0")]
    store.check_books()


def test_every_move_is_told_to_the_thread_of_its_item(store: Warehouse, relay: Any) -> None:
    item = store.item()
    store.receive(item, 2, source_ref="purchase:9")
    relay(store.tenant)
    told = store.client.get("/api/events", params={"type": "stock.moved"}).json()
    assert [(e["subject"], e["payload"]["moves"], e["payload"]["source_ref"]) for e in told] == [
        (f"item:{item['id']}", 1, "purchase:9")
    ]


def test_the_check_finds_a_balance_that_is_not_its_moves(store: Warehouse, raw: psycopg.Connection) -> None:
    item = store.item()
    store.receive(item, 2)
    raw.execute("UPDATE stock_balance SET on_hand = 3 WHERE tenant_id = %s", [store.tenant.id])
    checked = store.get("/stock:verify")
    assert not checked["sound"]
    assert [(row["balance"], row["moves"]) for row in checked["differences"]] == [("3", "2")]
