"""Parts of maintenance work: kept, taken, brought back, and what the work cost."""

from typing import Any

import httpx
import pytest

from tests.manufacturing.warehouse import Json, Warehouse, line
from tests.support.fleet import ORDERS, Fleet, pointers, refused
from tests.support.tenants import Tenant

NEVER = "0192f0c0-0000-7000-8000-000000000000"


@pytest.fixture
def store(tenant: Tenant) -> Warehouse:
    return Warehouse(tenant)


@pytest.fixture
def order(fleet: Fleet) -> Json:
    return fleet.order(fleet.asset())


def parts(store: Warehouse, order: Json, action: str, *lines: Json) -> httpx.Response:
    body: dict[str, Any] = {"action": action} | ({"lines": list(lines)} if lines else {})
    return store.client.post(f"{ORDERS}/{order['id']}/parts", json=body)


def uses(answer: httpx.Response) -> list[tuple[str, str, str, str | None]]:
    assert answer.status_code == 200, answer.text
    return [(p["item_code"], p["reserved"], p["used"], p["cost"]) for p in answer.json()["parts"]]


def test_a_work_order_keeps_takes_and_returns_parts_and_says_what_it_cost(
    store: Warehouse, fleet: Fleet, order: Json
) -> None:
    rotor, glue = store.item(code="ROTOR", standard_cost="12.5"), store.item(code="GLUE", uom="g")
    store.receive(rotor, 5)
    store.receive(glue, 3)
    assert order["parts_cost"] == "0"
    kept = parts(store, order, "RESERVE", line(rotor, 4), line(glue, 5))
    assert uses(kept) == [("GLUE", "3", "0", "0"), ("ROTOR", "4", "0", "0")]
    assert [(s["requested"], s["allocated"]) for s in kept.json()["shortages"]] == [("5", "3")]
    assert uses(parts(store, order, "ISSUE", line(rotor, 3)))[1] == ("ROTOR", "1", "3", "37.5")
    back = parts(store, order, "RETURN", line(rotor, 1))
    assert uses(back)[1] == ("ROTOR", "1", "2", "25")
    assert back.json()["parts_cost"] == "25"
    assert fleet.get(f"{ORDERS}/{order['id']}")["parts_cost"] == "25"
    assert [row["parts_cost"] for row in fleet.get(ORDERS)] == ["25"]
    assert uses(parts(store, order, "RELEASE", line(rotor, 1)))[1] == ("ROTOR", "0", "2", "25")
    freed = parts(store, order, "RELEASE").json()["parts"]
    assert fleet.get(f"{ORDERS}/{order['id']}/parts")["parts"] == freed
    assert [row["reserved"] for row in freed] == ["0", "0"]
    parts(store, order, "ISSUE", line(glue, 1)).raise_for_status()
    assert fleet.get(f"{ORDERS}/{order['id']}")["parts_cost"] is None, "glue has no cost"
    store.check_books()


@pytest.mark.parametrize("end", ["close", "cancel"])
def test_finished_work_keeps_nothing_and_takes_nothing(
    store: Warehouse, fleet: Fleet, order: Json, end: str
) -> None:
    rotor = store.item()
    store.receive(rotor, 5)
    uses(parts(store, order, "RESERVE", line(rotor, 4)))
    uses(parts(store, order, "ISSUE", line(rotor, 1)))
    if end == "close":
        fleet.close(order)
    else:
        fleet.move(order, "CANCELED")
    assert store.on_hand(rotor) == [("4", "0")]
    for action in ("RESERVE", "ISSUE"):
        refused(parts(store, order, action, line(rotor, 1)), 409, "work_order_transition_refused")
    assert uses(parts(store, order, "RETURN", line(rotor, 1)))[0][1:3] == ("0", "0")
    assert store.on_hand(rotor) == [("5", "0")]


def test_what_parts_are_refused(store: Warehouse, order: Json) -> None:
    rotor = store.item()
    store.receive(rotor, 2)
    short = refused(parts(store, order, "ISSUE", line(rotor, 3)), 409, "insufficient_stock")
    assert [(m["requested"], m["available"]) for m in short["missing"]] == [("3", "2")]
    refused(parts(store, order, "RETURN", line(rotor, 1)), 409, "nothing_to_return")
    for action in ("RESERVE", "RETURN"):
        assert pointers(refused(parts(store, order, action), 422)) == ["#/lines"]
    refused(parts(store, order, "RESERVE", line({"id": NEVER}, 1)), 404, "item_not_found")
    away = line(rotor, 1, location_id=NEVER)
    refused(parts(store, order, "RESERVE", away), 404, "location_not_found")
    refused(parts(store, {"id": NEVER}, "ISSUE"), 404, "work_order_not_found")
    refused(store.client.get(f"{ORDERS}/{NEVER}/parts"), 404, "work_order_not_found")


def test_the_work_order_s_thread_tells_of_its_parts(store: Warehouse, order: Json, relay: Any) -> None:
    rotor = store.item()
    store.receive(rotor, 2)
    uses(parts(store, order, "RESERVE", line(rotor, 2)))
    uses(parts(store, order, "ISSUE"))
    relay(store.tenant)
    thread = store.client.get("/api/thread", params={"ref": f"workorder:{order['id']}"}).json()
    told = [entry["type"] for entry in (thread["events"] if isinstance(thread, dict) else thread)]
    assert "stock.reserved" in told
    assert "stock.moved" in told
