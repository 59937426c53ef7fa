"""Boards, cards and replenishment rules, one of each."""

from typing import Any
from uuid import uuid4

from tests.manufacturing.warehouse import Warehouse
from tests.support.tenants import Tenant

KANBAN = "/api/ppic/kanban"


def board(tenant: Tenant) -> str:
    return str(tenant.post(f"{KANBAN}/boards", department=f"D {uuid4().hex[:12]}")["id"])


def card(tenant: Tenant) -> str:
    body = {"product_id": Warehouse(tenant).item()["id"], "qty_requested": "5"}
    return str(tenant.post(f"{KANBAN}/cards", department=f"D {uuid4().hex[:12]}", **body)["id"])


def rule(tenant: Tenant) -> str:
    body = {"board_id": board(tenant), "item_id": Warehouse(tenant).item()["id"]}
    made = tenant.post(f"{KANBAN}/rules", reorder_point="1", order_quantity="5", **body)
    return str(made["id"])


def department(tenant: Tenant) -> str:
    """A department with a board, as addresses name it."""
    return str(tenant.client.get(f"{KANBAN}/boards/{board(tenant)}").json()["slug"])


RESOURCES = {"board_id": board, "card_id": card, "kanban_rule_id": rule, "board_name": department}
ALIASES: dict[str, str] = {}
BODIES: dict[str, Any] = {
    "request_kanban_card": lambda tenant: {
        "product_id": Warehouse(tenant).item()["id"],
        "qty_requested": "5",
        "department": f"D {uuid4().hex[:12]}",
    },
}
