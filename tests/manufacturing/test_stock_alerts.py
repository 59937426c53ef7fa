"""Stock alerts: raised and cleared in the transaction that moved the stock, one open for each item and place."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.manufacturing.warehouse import Json, Warehouse
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant

NEVER = "0192f0c0-0000-7000-8000-000000000000"


@pytest.fixture
def store(tenant: Tenant) -> Warehouse:
    return Warehouse(tenant)


def threshold(store: Warehouse, minimum: Any, **fields: Any) -> Json:
    return store.post("/alerts/thresholds", minimum=minimum, **fields)


def active(store: Warehouse, **params: Any) -> list[tuple[str, str, str | None, str]]:
    """What is low: quantity, threshold, location, status."""
    return [
        (row["quantity"], row["threshold"], row["location_id"], row["status"])
        for row in store.get("/alerts/active", **params)
    ]


def issue(store: Warehouse, item: Json, quantity: Any, **fields: Any) -> None:
    answer = store.try_move(item, quantity, move_type="ISSUE", **fields)
    assert answer.status_code == 201, answer.text


def test_an_alert_opens_below_the_minimum_and_closes_at_the_clear_level(store: Warehouse) -> None:
    item = store.item(uom="kg")
    store.receive(item, 20)
    threshold(store, "10", item_id=item["id"], clear_level="15", severity="P1")
    issue(store, item, 10)
    assert active(store) == []
    issue(store, item, "0.5")
    (alert,) = store.get("/alerts/active")
    assert (alert["source"], alert["severity"], alert["status"], alert["quantity"]) == (
        "STOCK",
        "P1",
        "OPEN",
        "9.5",
    )
    assert (alert["item_id"], alert["item_code"], alert["uom"]) == (item["id"], item["code"], "kg")
    issue(store, item, 1)
    store.receive(item, 6)
    assert active(store) == [("14.5", "10", None, "OPEN")], "between the levels nothing changes"
    assert [row["id"] for row in store.get("/alerts/active", item_id=item["id"])] == [alert["id"]]
    store.receive(item, "0.5")
    assert active(store) == []
    issue(store, item, "4.5")
    assert active(store) == [], "between the levels nothing opens either"
    issue(store, item, 1)
    assert [row["id"] != alert["id"] for row in store.get("/alerts/active")] == [True]


def test_an_alert_is_acknowledged_once_and_for_all(store: Warehouse) -> None:
    item = store.item()
    threshold(store, 5, item_id=item["id"])
    (alert,) = store.get("/alerts/active")
    first = store.post(f"/alerts/{alert['id']}/acknowledge", note="Ordered")
    assert (first["status"], first["acked_by"]) == ("ACKED", f"user:{store.tenant.admin_id}")
    assert store.post(f"/alerts/{alert['id']}/acknowledge")["acked_at"] == first["acked_at"]
    store.receive(item, 1)
    assert active(store) == [("1", "5", None, "ACKED")]
    store.receive(item, 9)
    refused(store.try_post(f"/alerts/{alert['id']}/acknowledge"), 409, "alert_closed")
    refused(store.try_post(f"/alerts/{NEVER}/acknowledge"), 404, "alert_not_found")


def test_the_most_specific_threshold_counts(store: Warehouse) -> None:
    """Tenant, site, location, item: each piece of stock counts for one threshold and no other."""
    site = store.location(code="SITE")
    shelf = store.location(code="SHELF", parent_id=site["id"])
    bolt, nut = store.item(), store.item()
    for item in (bolt, nut):
        store.receive(item, 50, to_location_id=shelf["id"])
        store.receive(item, 50)
    everywhere = threshold(store, 60)
    assert active(store) == []
    at_site = threshold(store, 40, location_id=site["id"])
    assert sorted(active(store)) == [("50", "60", None, "OPEN")] * 2, "the site's stock counts for the site"
    store.client.delete(f"/api/warehouse/alerts/thresholds/{everywhere['id']}").raise_for_status()
    assert active(store) == []
    threshold(store, 45, location_id=shelf["id"])
    issue(store, nut, 6, from_location_id=shelf["id"])
    assert active(store) == [("44", "45", shelf["id"], "OPEN")]
    threshold(store, 10, item_id=nut["id"])
    assert active(store) == [], "a threshold of the item comes before those of places"
    issue(store, bolt, 15, from_location_id=shelf["id"])
    assert active(store) == [("35", "45", shelf["id"], "OPEN")]
    assert store.try_patch(f"/locations/{shelf['id']}", parent_id=None).status_code == 200
    assert active(store) == [("35", "45", shelf["id"], "OPEN")]
    assert at_site["minimum"] == "40"


def test_moving_a_location_changes_which_threshold_counts(store: Warehouse) -> None:
    site = store.location()
    shelf = store.location(parent_id=site["id"])
    item = store.item()
    store.receive(item, 5, to_location_id=shelf["id"])
    threshold(store, 10, location_id=site["id"])
    assert active(store) == [("5", "10", site["id"], "OPEN")]
    assert store.try_patch(f"/locations/{shelf['id']}", parent_id=None).status_code == 200
    assert active(store) == []


def test_a_threshold_follows_its_change(store: Warehouse) -> None:
    item = store.item()
    store.receive(item, 5)
    made = threshold(store, 3, item_id=item["id"])
    assert (made["minimum"], made["clear_level"], made["severity"]) == ("3", "3", "P2")
    path = f"/alerts/thresholds/{made['id']}"
    assert store.try_patch(path, minimum=8).json()["clear_level"] == "8"
    assert active(store) == [("5", "8", None, "OPEN")]
    assert store.try_patch(path, is_active=False).status_code == 200
    assert active(store) == []
    assert pointers(refused(store.try_patch(path, clear_level=7), 422)) == ["#/clear_level"]
    assert store.get("/alerts/thresholds", item_id=item["id"]) == [store.get(path)]
    twice = store.try_post("/alerts/thresholds", item_id=item["id"], minimum=1)
    refused(twice, 409, "stock_threshold_taken")
    assert store.client.delete(f"/api/warehouse{path}").status_code == 204
    refused(store.client.delete(f"/api/warehouse{path}"), 404, "stock_threshold_not_found")
    refused(store.client.get(f"/api/warehouse{path}"), 404, "stock_threshold_not_found")


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"minimum": 0}, 422, "#/minimum"),
        ({"minimum": 5, "clear_level": 4}, 422, "#/clear_level"),
        ({"minimum": 5, "location_id": "LOSS"}, 422, "#/location_id"),
        ({"minimum": 5, "item_id": NEVER}, 404, "item_not_found"),
        ({"minimum": 5, "location_id": NEVER}, 404, "location_not_found"),
    ],
)
def test_a_threshold_that_makes_no_sense(
    store: Warehouse, fields: dict[str, Any], status: int, says: str
) -> None:
    body = dict(fields)
    if body.get("location_id") == "LOSS":
        body["location_id"] = store.standard("LOSS")
    problem = refused(store.try_post("/alerts/thresholds", **body), status)
    assert (pointers(problem) == [says]) if status == 422 else (problem["code"] == says)


def test_an_older_client_calls_the_minimum_threshold(store: Warehouse) -> None:
    item = store.item()
    made = store.post("/alerts/thresholds", item_id=item["id"], threshold=7)
    assert made["minimum"] == "7"


def test_a_refused_move_raises_nothing(store: Warehouse) -> None:
    item = store.item()
    store.receive(item, 5)
    threshold(store, 5, item_id=item["id"])
    refused(store.try_move(item, 6, move_type="ISSUE"), 409, "insufficient_stock")
    assert active(store) == []


def test_of_many_hands_one_alert_opens(store: Warehouse) -> None:
    """Two places of one item, emptied at the same time: their sum is judged, and judged once."""
    item, shelf = store.item(), store.location()
    store.receive(item, 8)
    store.receive(item, 8, to_location_id=shelf["id"])
    threshold(store, 10, item_id=item["id"])
    places = [store.standard(), shelf["id"]]

    def take(number: int) -> int:
        body = {"item_id": item["id"], "quantity": 1, "from_location_id": places[number % 2]}
        client = store.tenant.with_token(store.tenant.token)
        return client.post("/api/warehouse/stock/moves", json=body | {"move_type": "ISSUE"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(take, range(8))) == [201] * 8
    assert active(store) == [("8", "10", None, "OPEN")]
    store.check_books()


def test_the_alert_is_on_the_event_stream(store: Warehouse, relay: Any) -> None:
    item = store.item()
    store.receive(item, 5)
    threshold(store, 3, item_id=item["id"])
    issue(store, item, 4)
    relay(store.tenant)
    (told,) = store.client.get("/api/events", params={"type": "alert.created"}).json()
    assert told["payload"]["source"] == "STOCK"
    assert f"item:{item['id']}" in told["related"]
    (moved,) = [
        event
        for event in store.client.get("/api/events", params={"type": "stock.moved"}).json()
        if event["payload"]["move_type"] == "ISSUE"
    ]
    assert told["causation_id"] == moved["id"]
