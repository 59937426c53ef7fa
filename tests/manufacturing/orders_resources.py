"""One of everything that a route of production names by an id."""

from typing import Any

from tests.manufacturing.plant import Plant, needs, step
from tests.support.tenants import Tenant


def task(tenant: Tenant) -> str:
    plant = Plant(tenant)
    return str(plant.task(plant.product())["id"])


def component(tenant: Tenant) -> str:
    plant = Plant(tenant)
    made = plant.task(plant.product(needs(plant.raw(), 1)))
    (found,) = plant.components(made).values()
    return str(found["id"])


def work_order(tenant: Tenant) -> str:
    plant = Plant(tenant)
    (found,) = plant.work(plant.started(plant.product())).values()
    return str(found["id"])


def routing(tenant: Tenant) -> str:
    plant = Plant(tenant)
    return str(plant.routing(plant.product(), step("MAKE"))["id"])


def center(tenant: Tenant) -> str:
    return str(Plant(tenant).center()["id"])


def line(tenant: Tenant) -> str:
    return str(Plant(tenant).line()["id"])


def handover(tenant: Tenant) -> str:
    plant = Plant(tenant)
    made = plant.started(plant.product(), department="Sewing")
    body = {"task_id": made["id"], "to_department": "Finishing", "quantity": 1}
    return str(tenant.post("/api/ppic/handovers", **body)["id"])


def sent(tenant: Tenant) -> dict[str, Any]:
    plant = Plant(tenant)
    made = plant.started(plant.product(), department="Sewing")
    return {
        "task_id": made["id"],
        "to_department": "Finishing",
        "quantity": 1,
        "production_line_id": line(tenant),
    }


def any_of(tenant: Tenant) -> dict[str, Any]:
    return {"task_ids": [task(tenant)], "mode": "best_effort"}


RESOURCES = {
    "task_id": task,
    "task_component_id": component,
    "production_work_order_id": work_order,
    "routing_id": routing,
    "work_center_id": center,
    "production_line_id": line,
    "handover_id": handover,
}
ALIASES = {"task_ids": "task_id"}
BODIES = {
    "send_handover": sent,
    "batch_approve_tasks": any_of,
    "batch_start_tasks": any_of,
    "batch_complete_tasks": any_of,
}
