"""Draft tasks, change what may change about them, and take their components out of stock."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.handover.errors import ProductionLineNotFound
from app.domains.manufacturing.handover.models import ProductionLine
from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.orders import history, snapshot
from app.domains.manufacturing.orders.errors import TaskMoveRefused, TaskNotFound
from app.domains.manufacturing.orders.events import TaskChanged, TaskCreated
from app.domains.manufacturing.orders.history import Step, who
from app.domains.manufacturing.orders.models import ProductionOrder
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.orders.schemas import TaskCreate, TaskPatch
from app.domains.manufacturing.orders.transitions import TERMINAL
from app.domains.manufacturing.orders.words import TaskStatus
from app.domains.manufacturing.routing.models import Routing
from app.domains.manufacturing.words import ItemType, Tracking
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx


def create(tx: WriteTx, data: TaskCreate) -> UUID:
    """Draft a task by the revision that is released now. Raises `ItemNotFound`; 422 for what can't be made."""
    product = items.get(tx, data.product_id)
    if product.item_type == ItemType.SERVICE:
        raise invalid("product_id", "service", "A service is not made.")
    if product.tracking == Tracking.SERIAL and data.qty_planned != data.qty_planned.to_integral_value():
        raise invalid("qty_planned", "not_whole", "Units with serial numbers are made in whole numbers.")
    task_id = new_id()
    pinned = snapshot.pin(tx, task_id, data.product_id, data.qty_planned)
    routing = select(Routing.id).where(Routing.product_id == data.product_id, Routing.is_active)
    task = tx.add(
        ProductionOrder(
            id=task_id,
            number=f"MO-{task_id.hex[-10:].upper()}",
            product_id=data.product_id,
            revision_id=pinned.revision_id,
            bom_hash=pinned.content_hash,
            routing_id=tx.scalar(routing),
            qty_planned=data.qty_planned,
            priority=data.priority,
            department=data.department,
            due_at=data.due_at,
            batch_number=data.batch_number,
            created_by=who(tx),
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    snapshot.write(tx, task_id, pinned)
    history.write(tx, [Step(task_id, "create", None, TaskStatus.DRAFT.value, quantity=data.qty_planned)])
    tx.emit(
        TaskCreated(
            task_id=task_id,
            product_id=data.product_id,
            revision_id=pinned.revision_id,
            qty_planned=data.qty_planned,
        ),
        subject=ref(KIND, task_id),
        related=[ref("item", data.product_id)],
        after=data.model_dump(mode="json") | {"number": task.number},
    )
    return task_id


def change(tx: WriteTx, task_id: UUID, data: TaskPatch) -> None:
    """Raises `TaskNotFound`, `ProductionLineNotFound`, `TaskMoveRefused` when the task is over."""
    task = tx.get(
        select(ProductionOrder).where(ProductionOrder.id == task_id).with_for_update(), TaskNotFound
    )
    tx.match(task)
    given: dict[str, Any] = {name: getattr(data, name) for name in data.model_fields_set}
    if given.get("priority", "") is None:
        raise invalid("priority", "null", "Every task has a priority.")
    if data.production_line_id is not None:
        tx.one(
            select(ProductionLine.id).where(ProductionLine.id == data.production_line_id),
            ProductionLineNotFound,
        )
    current = TaskStatus(task.status)
    if current in TERMINAL:
        raise TaskMoveRefused(
            f"The task is {current.value}; nothing changes it any more.",
            task_id=str(task_id),
            current=current.value,
            allowed=[],
        )
    before = {name: _json(getattr(task, name)) for name in given}
    for name, value in given.items():
        setattr(task, name, value)
    task.version += 1
    task.updated_at = tx.now
    tx.flush()
    tx.emit(
        TaskChanged(task_id=task_id),
        subject=ref(KIND, task_id),
        before=before,
        after=data.model_dump(mode="json", exclude_unset=True),
    )


def _json(value: Any) -> str | None:
    return None if value is None else str(value)
