"""One of everything that a route of the warehouse names by an id."""

from typing import Any

from tests.manufacturing import bom_resources, kanban_resources
from tests.manufacturing.warehouse import Warehouse
from tests.support.tenants import Tenant


def item(tenant: Tenant, **fields: Any) -> str:
    return str(Warehouse(tenant).item(**fields)["id"])


def unit(tenant: Tenant) -> str:
    made = Warehouse(tenant).post(
        "/units", code="lb", name="Pound", dimension="MASS", numerator=45359237, denominator=100000000
    )
    return str(made["id"])


RESOURCES = {"item_id": item, "unit_id": unit}
RESOURCES |= bom_resources.RESOURCES
RESOURCES |= kanban_resources.RESOURCES
ALIASES = bom_resources.ALIASES
BODIES = bom_resources.BODIES
