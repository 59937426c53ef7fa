"""Reservations: what is kept for a demand is kept once, whoever else asks at the same moment."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest

from app.domains import manufacturing
from app.domains.manufacturing import Line
from app.domains.manufacturing.stock.errors import InsufficientStock, NothingToReturn
from app.domains.manufacturing.stock.ledger import reads
from app.domains.manufacturing.stock.reservations import giving, keeping
from tests.assets.conftest import Working
from tests.manufacturing.warehouse import Json, Warehouse, line
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant

NEVER = "0192f0c0-0000-7000-8000-000000000000"


@pytest.fixture
def store(tenant: Tenant) -> Warehouse:
    return Warehouse(tenant)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    barrier = Barrier(count)

    def run(number: int) -> Any:
        barrier.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def want(item: Json, quantity: Any, **fields: Any) -> Line:
    return Line(UUID(item["id"]), Decimal(str(quantity)), **fields)


def test_stock_is_kept_released_and_free_again(store: Warehouse) -> None:
    item = store.item(uom="m")
    store.receive(item, 10)
    made = store.reserve("sale:1", line(item, "250", uom="cm", line_ref="1"), line(item, 3, line_ref="2"))
    assert [(r["line_ref"], r["quantity"], r["open"]) for r in made["reservations"]] == [
        ("1", "2.5", "2.5"),
        ("2", "3", "3"),
    ]
    assert made["shortages"] == []
    assert store.on_hand(item) == [("10", "5.5")]
    first = made["reservations"][0]
    part = store.post(f"/reservations/{first['id']}:release", quantity="0.5")
    assert (part["open"], part["released"]) == ("2", "0.5")
    refused(
        store.try_post(f"/reservations/{first['id']}:release", quantity="2.5"), 409, "stock_reservation_ended"
    )
    assert store.post(f"/reservations/{first['id']}:release")["open"] == "0"
    refused(store.try_post(f"/reservations/{first['id']}:release"), 409, "stock_reservation_ended")
    refused(store.try_post(f"/reservations/{NEVER}:release"), 404, "stock_reservation_not_found")
    refused(store.client.get(f"/api/warehouse/reservations/{NEVER}"), 404, "stock_reservation_not_found")
    kept = store.get("/reservations", demand_ref="sale:1", item_id=item["id"], open_only=True)
    assert [row["line_ref"] for row in kept] == ["2"]
    assert store.on_hand(item) == [("10", "3")]
    store.check_books()


def test_all_or_nothing_unless_partial(store: Warehouse) -> None:
    item, other = store.item(), store.item()
    store.receive(item, 5)
    problem = refused(store.try_reserve("sale:1", line(item, 3), line(other, 1)), 409, "insufficient_stock")
    assert problem["missing"] == [
        {
            "item_id": other["id"],
            "location_id": None,
            "lot_id": None,
            "requested": "1",
            "available": "0",
        }
    ]
    assert store.on_hand(item) == [("5", "0")]
    made = store.reserve("sale:1", line(item, 7), line(other, 1), partial=True)
    assert [(s["requested"], s["allocated"]) for s in made["shortages"]] == [("7", "5"), ("1", "0")]
    assert [r["quantity"] for r in made["reservations"]] == ["5"]


@pytest.mark.parametrize(
    ("lines", "status", "says"),
    [
        ([], 422, "#/lines"),
        ([{"item_id": NEVER, "quantity": 1}], 404, "item_not_found"),
        ([{"quantity": 0}], 422, "#/lines/0/quantity"),
        ([{"quantity": 1, "uom": "kg"}], 422, "#/lines"),
        ([{"quantity": 1, "location_id": NEVER}], 404, "location_not_found"),
        ([{"quantity": 1, "colour": "red"}], 422, "#/lines/0/colour"),
    ],
)
def test_a_reservation_that_makes_no_sense(
    store: Warehouse, lines: list[dict[str, Any]], status: int, says: str
) -> None:
    item = store.item()
    given = [{"item_id": item["id"]} | one for one in lines]
    problem = refused(store.try_reserve("sale:1", *given), status)
    assert (pointers(problem) == [says]) if status == 422 else (problem["code"] == says)


def test_inventree_7285_the_same_item_on_two_lines_is_not_allocated_twice(store: Warehouse) -> None:
    item = store.item()
    store.receive(item, 5)
    made = store.reserve("order:1", line(item, 4, line_ref="a"), line(item, 4, line_ref="b"), partial=True)
    assert [(r["line_ref"], r["quantity"]) for r in made["reservations"]] == [("a", "4"), ("b", "1")]
    assert [(s["line_ref"], s["allocated"]) for s in made["shortages"]] == [("b", "1")]
    assert store.on_hand(item) == [("5", "5")]


def test_inventree_12478_sixteen_clients_allocate_the_last_five(store: Warehouse) -> None:
    item = store.item()
    store.receive(item, 5)
    clients = [store.tenant.with_token(store.tenant.token) for _ in range(16)]

    def ask(number: int) -> int:
        body = {"demand_ref": f"sale:{number}", "lines": [line(item, 1)]}
        return clients[number].post("/api/warehouse/reservations", json=body).status_code

    assert Counter(at_once(16, ask)) == {201: 5, 409: 11}
    assert store.on_hand(item) == [("5", "5")]
    store.check_books()


def test_full_allocations_at_once_give_all_to_one(store: Warehouse) -> None:
    item = store.item()
    store.receive(item, 5)
    assert Counter(at_once(2, lambda n: store.try_reserve(f"sale:{n}", line(item, 5)).status_code)) == {
        201: 1,
        409: 1,
    }
    assert store.on_hand(item) == [("5", "5")]


def test_odoo_268942_two_transactions_and_one_serial(store: Warehouse, working: Working) -> None:
    item = store.item(tracking="SERIAL")
    store.receive(item, 1, lot_code="SN-1")

    def ask(number: int) -> int:
        with working() as tx:
            return len(keeping.reserve(tx, f"sale:{number}", [want(item, 1)]).allocations)

    assert sorted(at_once(2, ask)) == [0, 1]
    assert store.on_hand(item) == [("1", "1")]
    store.check_books()


def test_demands_for_the_same_items_in_any_order_do_not_block_each_other(
    store: Warehouse, working: Working
) -> None:
    parts = [store.item() for _ in range(6)]
    for item in parts:
        store.receive(item, 20)

    def ask(number: int) -> int:
        turned = parts[number % 6 :] + parts[: number % 6]
        with working() as tx:
            return len(keeping.reserve(tx, f"order:{number}", [want(item, 3) for item in turned]).shortages)

    got = at_once(12, ask)
    assert sum(1 for short in got if short == 0) == 6
    for item in parts:
        assert store.on_hand(item) == [("20", "20")]
    store.check_books()


def test_inventree_12718_issues_and_counts_at_once_are_exact(store: Warehouse) -> None:
    item = store.item()
    store.receive(item, 10)
    got = at_once(16, lambda _: store.try_move(item, 1, move_type="ISSUE").status_code)
    assert Counter(got) == {201: 10, 409: 6}
    assert store.stock(item) == []
    counted = {"item_id": item["id"], "location_id": store.standard(), "counted_quantity": 7, "reason": "x"}
    assert at_once(4, lambda _: store.try_post("/stock:count", **counted).status_code) == [200] * 4
    assert store.on_hand(item) == [("7", "0")]
    assert len(store.get("/stock/moves", item_id=item["id"], move_type="ADJUST")) == 1
    store.check_books()


def test_what_expires_first_is_taken_first_and_what_is_expired_never(
    store: Warehouse, working: Working
) -> None:
    item = store.item(tracking="LOT")
    store.receive(item, 5, lot_code="LATE", expires_on="2051-06-01")
    store.receive(item, 5, lot_code="SOON", expires_on="2050-06-01")
    store.receive(item, 5, lot_code="EVER")
    store.receive(item, 5, lot_code="GONE", expires_on="2049-12-31")
    lots = {lot["id"]: lot["code"] for lot in store.get("/lots", item_id=item["id"])}
    with working(datetime(2050, 1, 1, tzinfo=UTC)) as tx:
        got = keeping.reserve(tx, "sale:1", [want(item, 12)])
        assert [(lots[str(a.lot_id)], a.quantity) for a in got.allocations] == [
            ("SOON", 5),
            ("LATE", 5),
            ("EVER", 2),
        ]
        assert [
            s.requested - s.allocated for s in keeping.reserve(tx, "sale:2", [want(item, 5)]).shortages
        ] == [2]


def test_fifo_takes_what_came_first(store: Warehouse, working: Working) -> None:
    item = store.item(tracking="LOT", pick_policy="FIFO")
    store.receive(item, 5, lot_code="FIRST", expires_on="2051-06-01")
    store.receive(item, 5, lot_code="SECOND", expires_on="2050-06-01")
    lots = {lot["id"]: lot["code"] for lot in store.get("/lots", item_id=item["id"])}
    with working() as tx:
        got = keeping.reserve(tx, "sale:1", [want(item, 6)])
    assert [(lots[str(a.lot_id)], a.quantity) for a in got.allocations] == [("FIRST", 5), ("SECOND", 1)]


def test_a_line_may_name_its_lot_and_its_place(store: Warehouse) -> None:
    item = store.item(tracking="LOT")
    hall = store.location()
    shelf = store.location(parent_id=hall["id"])
    store.receive(item, 5, lot_code="A")
    store.receive(item, 5, lot_code="B", to_location_id=shelf["id"])
    lots = {lot["code"]: lot["id"] for lot in store.get("/lots", item_id=item["id"])}
    there = store.reserve("sale:1", line(item, 2, location_id=hall["id"]))
    assert [(r["location_id"], r["lot_id"]) for r in there["reservations"]] == [(shelf["id"], lots["B"])]
    named = store.reserve("sale:2", line(item, 4, lot_id=lots["B"]), partial=True)
    assert [(r["lot_id"], r["quantity"]) for r in named["reservations"]] == [(lots["B"], "3")]
    assert [s["allocated"] for s in named["shortages"]] == ["3"]


def test_what_is_kept_is_issued_and_comes_back(store: Warehouse, working: Working) -> None:
    item = store.item(standard_cost="4")
    store.receive(item, 10)
    with working() as tx:
        keeping.reserve(tx, "order:1", [want(item, 6, line_ref="10")])
        given = giving.issue(tx, "order:1", [want(item, 2, line_ref="10")])
        assert [(a.quantity, a.line_ref, a.move_id is not None) for a in given] == [(2, "10", True)]
    assert store.on_hand(item) == [("8", "4")]
    with working() as tx:
        assert [a.quantity for a in giving.issue(tx, "order:1")] == [4]
        assert giving.issue(tx, "order:1") == []
        more = giving.issue(tx, "order:1", [want(item, 1)])
        assert [a.quantity for a in more] == [1]
    assert store.on_hand(item) == [("3", "0")]
    refused(
        store.try_post(f"/stock/moves/{more[0].move_id}:reverse", reason="x"), 409, "move_belongs_to_demand"
    )
    with working() as tx:
        back = giving.return_(tx, "order:1", [want(item, 3)])
        assert sorted(a.quantity for a in back) == [1, 2]
    assert store.on_hand(item) == [("6", "0")]
    with pytest.raises(NothingToReturn), working() as tx:
        giving.return_(tx, "order:1", [want(item, 5)])
    moves = store.get("/stock/moves", source_ref="order:1")
    assert Counter((m["move_type"], m["unit_cost"]) for m in moves) == {("ISSUE", "4"): 3, ("RETURN", "4"): 2}
    store.check_books()


def test_an_issue_that_is_short_changes_nothing(store: Warehouse, working: Working) -> None:
    item = store.item()
    store.receive(item, 3)
    with pytest.raises(InsufficientStock) as short, working() as tx:
        giving.issue(tx, "order:1", [want(item, 5)])
    assert short.value.members["missing"] == [
        {"item_id": item["id"], "location_id": None, "lot_id": None, "requested": "5", "available": "3"}
    ]
    assert store.on_hand(item) == [("3", "0")]
    assert store.get("/reservations") == []


def test_releasing_a_demand_frees_all_or_some_of_it(store: Warehouse, working: Working) -> None:
    item, other = store.item(), store.item()
    store.receive(item, 10)
    store.receive(other, 10)
    with working() as tx:
        keeping.reserve(tx, "order:1", [want(item, 6), want(other, 6)])
        keeping.reserve(tx, "order:2", [want(item, 2)])
        giving.issue(tx, "order:1", [want(item, 1)])
        assert keeping.release(tx, "order:1", [want(item, 2)]) == 1
    assert (store.on_hand(item), store.on_hand(other)) == ([("9", "5")], [("10", "6")])
    with working() as tx:
        assert keeping.release(tx, "order:1") == 2
        assert keeping.release(tx, "order:1") == 0
    assert (store.on_hand(item), store.on_hand(other)) == ([("9", "2")], [("10", "0")])
    store.check_books()


def test_many_demands_take_as_many_statements_as_one(
    store: Warehouse, working: Working, raw: psycopg.Connection
) -> None:
    """A bound on statements, not on time: one order or three hundred, the same few."""
    from sqlalchemy import event

    parts = [store.item() for _ in range(10)]
    for item in parts:
        store.receive(item, 100_000)
    counts = []
    for orders in (1, 300):
        demands = {f"batch-{orders}:{n}": [want(item, 2) for item in parts] for n in range(orders)}
        seen: list[str] = []
        with working() as tx:
            event.listen(tx.conn, "before_cursor_execute", lambda *args, seen=seen: seen.append(args[2]))
            got = keeping.reserve_many(tx, demands)
            assert (len(got.allocations), got.shortages) == (orders * 10, [])
            given = giving.issue_many(tx, dict.fromkeys(demands))
            assert len(given) == orders * 10
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 12
    store.check_books()


def test_services_need_no_stock(store: Warehouse, working: Working) -> None:
    work, item = store.item(item_type="SERVICE", uom="h"), store.item()
    store.receive(item, 1)
    with working() as tx:
        got = keeping.reserve(tx, "order:1", [want(work, 3), want(item, 1)])
        assert (len(got.allocations), got.shortages) == (1, [])
        assert len(giving.issue(tx, "order:1", [want(work, 3), want(item, 1)])) == 1


def test_parts_of_a_piece_of_work_and_their_cost(store: Warehouse, working: Working) -> None:
    rotor, glue = store.item(code="ROTOR", standard_cost="12.5"), store.item(code="GLUE", uom="g")
    store.receive(rotor, 10)
    store.receive(glue, 100)
    work = "workorder:1"
    with working() as tx:
        assert manufacturing.reserve_parts(tx, work, [want(rotor, 4), want(glue, 20)]).shortages == []
        manufacturing.issue_parts(tx, work, [want(rotor, 4)])
        manufacturing.return_parts(tx, work, [want(rotor, 1)])
    with working() as tx:
        uses = manufacturing.parts_of(tx, work)
        assert [(u.item_code, u.reserved, u.used, u.cost) for u in uses] == [
            ("GLUE", 20, 0, 0),
            ("ROTOR", 0, 3, Decimal("37.5")),
        ]
        manufacturing.issue_parts(tx, work)
        assert [u.cost for u in manufacturing.parts_of(tx, work)] == [None, Decimal("37.5")]
        assert manufacturing.release_parts(tx, work) == 0


def test_totals_are_over_all_places_and_lots(store: Warehouse, working: Working) -> None:
    item, never, shelf = store.item(), store.item(), store.location()
    store.receive(item, 3)
    store.receive(item, 4, to_location_id=shelf["id"])
    store.reserve("sale:1", line(item, 5))
    ids = [UUID(item["id"]), UUID(never["id"])]
    with working() as tx:
        found = reads.totals(tx, ids)
    assert [(t.on_hand, t.reserved, t.owed, t.available) for t in (found[i] for i in ids)] == [
        (7, 5, 0, 2),
        (0, 0, 0, 0),
    ]


def test_the_database_refuses_to_promise_more_than_there_is(
    store: Warehouse, raw: psycopg.Connection
) -> None:
    store.receive(store.item(), 3)
    for wrong in ("reserved = 4", "reserved = -1", "on_hand = -1", "owed = -1"):
        with pytest.raises(psycopg.errors.CheckViolation):
            raw.execute(f"UPDATE stock_balance SET {wrong} WHERE tenant_id = %s", [store.tenant.id])
