"""One of everything that a route of the warehouse names by an id, and bodies that a schema alone can't give."""

from typing import Any
from uuid import uuid4

from tests.manufacturing import bom_resources, kanban_resources, orders_resources
from tests.manufacturing.warehouse import Warehouse, line
from tests.support.tenants import Tenant


def item(tenant: Tenant, **fields: Any) -> str:
    return str(Warehouse(tenant).item(**fields)["id"])


def unit(tenant: Tenant) -> str:
    body = {"code": f"u{uuid4().hex[:8]}", "name": "Pound", "dimension": "MASS"}
    return str(Warehouse(tenant).post("/units", **body, numerator=45359237, denominator=100000000)["id"])


def location(tenant: Tenant) -> str:
    return str(Warehouse(tenant).location()["id"])


def lot(tenant: Tenant) -> str:
    return str(Warehouse(tenant).post("/lots", item_id=item(tenant, tracking="LOT"), code="A")["id"])


def move(tenant: Tenant) -> str:
    store = Warehouse(tenant)
    return str(store.receive(store.item(), 5)["id"])


def reservation(tenant: Tenant) -> str:
    store = Warehouse(tenant)
    made = store.item()
    store.receive(made, 5)
    return str(store.reserve(f"sale:{uuid4()}", line(made, 1))["reservations"][0]["id"])


def threshold(tenant: Tenant) -> str:
    store = Warehouse(tenant)
    return str(store.post("/alerts/thresholds", item_id=store.item()["id"], minimum=1)["id"])


def alert(tenant: Tenant) -> str:
    """A threshold above what there is raises it at once."""
    store = Warehouse(tenant)
    made = store.item()
    store.post("/alerts/thresholds", item_id=made["id"], minimum=1)
    (raised,) = store.get("/alerts/active", item_id=made["id"])
    return str(raised["id"])


def _stocked_lot(tenant: Tenant) -> dict[str, Any]:
    store = Warehouse(tenant)
    made = store.item(tracking="LOT")
    moved = store.receive(made, 5, lot_code="A")
    return {"item_id": made["id"], "lot_id": moved["lot_id"]}


def _move_body(tenant: Tenant) -> dict[str, Any]:
    places = {"from_location_id": Warehouse(tenant).standard(), "to_location_id": location(tenant)}
    return _stocked_lot(tenant) | places | {"quantity": "1"}


def _count_body(tenant: Tenant) -> dict[str, Any]:
    place = {"location_id": Warehouse(tenant).standard()}
    return _stocked_lot(tenant) | place | {"counted_quantity": "4", "reason": "Stocktake"}


def _lot_body(tenant: Tenant) -> dict[str, Any]:
    return {"item_id": item(tenant, tracking="LOT"), "code": "B"}


def _reservation_body(tenant: Tenant) -> dict[str, Any]:
    store = Warehouse(tenant)
    made = store.item()
    store.receive(made, 5)
    return {"demand_ref": "sale:1", "lines": [line(made, 1)]}


RESOURCES = {
    "item_id": item,
    "unit_id": unit,
    "location_id": location,
    "lot_id": lot,
    "stock_move_id": move,
    "stock_reservation_id": reservation,
    "stock_threshold_id": threshold,
    "stock_alert_id": alert,
}
ALIASES = {
    "from_location_id": "location_id",
    "to_location_id": "location_id",
    "parent_id": "location_id",
}
BODIES = {
    "create_stock_move": _move_body,
    "count_stock": _count_body,
    "create_lot": _lot_body,
    "create_stock_reservation": _reservation_body,
}
for _more in (bom_resources, kanban_resources, orders_resources):
    RESOURCES |= _more.RESOURCES
    ALIASES |= _more.ALIASES
    BODIES |= _more.BODIES
