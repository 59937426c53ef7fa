"""Material of one task by hand: reserve what has come in, issue before it is consumed by itself."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.orders import consumption, lifecycle, materials, queries
from app.domains.manufacturing.orders.consumption import Ask
from app.domains.manufacturing.orders.errors import (
    MaterialMissing,
    TaskComponentNotFound,
    TaskMoveRefused,
    TaskNotFound,
)
from app.domains.manufacturing.orders.events import (
    TaskComponentChanged,
    TaskMaterialIssued,
    TaskMaterialReserved,
)
from app.domains.manufacturing.orders.models import ProductionComponent, ProductionOrder
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.orders.schemas import TaskIssue
from app.domains.manufacturing.orders.transitions import TERMINAL, allowed
from app.domains.manufacturing.orders.words import Consumption, TaskStatus
from app.domains.manufacturing.quantities import plain
from app.kernel.events.envelope import ref
from app.kernel.tx import AnyRow, ReadTx, WriteTx

_TAKES_MATERIAL = (TaskStatus.APPROVED, TaskStatus.IN_PROGRESS)


def components(tx: ReadTx, task_id: UUID) -> Sequence[AnyRow]:
    """Every component of the task, with what is reserved, issued and missing."""
    return tx.all(queries.components(task_id))


def reserve(tx: WriteTx, task_id: UUID) -> None:
    """Raises `TaskNotFound`, `TaskMoveRefused`."""
    task = _open_task(tx, task_id)
    status = top_up(tx, task)
    _touch(tx, task)
    tx.emit(
        TaskMaterialReserved(task_id=task_id, material_status=status),
        subject=ref(KIND, task_id),
        related=lifecycle.related(task),
        before={"material_status": task.material_status},
        after={"material_status": status},
    )


def top_up(tx: WriteTx, task: AnyRow) -> str:
    """Reserve what is still missing, as far as it is there; answers the material status."""
    materials.reserve(tx, [task.id])
    return materials.judge(tx, [task.id])[task.id]


def issue(tx: WriteTx, task_id: UUID, data: TaskIssue) -> None:
    """Raises `TaskNotFound`, `TaskMoveRefused`, `ItemNotFound`, and `MaterialMissing` for lines that are named."""
    task = _open_task(tx, task_id)
    rows = tx.execute(queries.needs([task_id])).all()
    asks = _named(rows, data) if data.lines else _everything(rows)
    issued = consumption.take(tx, asks)
    asked = sum((ask.quantity for ask in asks), start=issued - issued)
    if data.lines and issued < asked:
        raise MaterialMissing(
            f"{plain(asked)} were asked for, {plain(issued)} are there.",
            shortages=[
                {
                    "item_id": str(ask.component.item_id),
                    "required": plain(ask.quantity),
                    "missing": plain(max(ask.quantity - ask.component.qty_reserved, asked - asked)),
                }
                for ask in asks
            ],
        )
    status = materials.judge(tx, [task_id])[task_id]
    _touch(tx, task)
    tx.emit(
        TaskMaterialIssued(task_id=task_id, lines=len(asks)),
        subject=ref(KIND, task_id),
        related=lifecycle.related(task),
        after={"issued": plain(issued), "material_status": status},
    )


def change_consumption(tx: WriteTx, task_id: UUID, component_id: UUID, consumption_: Consumption) -> AnyRow:
    """Raises `TaskNotFound`, `TaskComponentNotFound`, `TaskMoveRefused` when the task is over."""
    task = tx.execute(queries.locked([task_id])).first()
    if task is None:
        raise TaskNotFound("There is no such task.")
    c = ProductionComponent
    row = tx.one(
        select(c.item_id, c.consumption).where(c.order_id == task_id, c.id == component_id),
        TaskComponentNotFound,
    )
    current = TaskStatus(task.status)
    if current in TERMINAL:
        raise TaskMoveRefused(
            f"The task is {current.value}.", task_id=str(task_id), current=current.value, allowed=[]
        )
    tx.execute(update(c).where(c.id == component_id).values(consumption=consumption_.value))
    _touch(tx, task)
    tx.emit(
        TaskComponentChanged(task_id=task_id, item_id=row.item_id, consumption=consumption_.value),
        subject=ref(KIND, task_id),
        related=[ref("item", row.item_id)],
        before={"consumption": row.consumption},
        after={"consumption": consumption_.value},
    )
    return next(found for found in components(tx, task_id) if found.id == component_id)


def _everything(rows: Sequence[AnyRow]) -> list[Ask]:
    return [Ask(row, row.qty_required - row.qty_issued) for row in rows if row.qty_required > row.qty_issued]


def _named(rows: Sequence[AnyRow], data: TaskIssue) -> list[Ask]:
    first: dict[UUID, AnyRow] = {}
    for row in rows:
        first.setdefault(row.item_id, row)
    asks = []
    for line in data.lines:
        if line.item_id not in first:
            raise ItemNotFound(f"The task has no component {line.item_id}.")
        asks.append(Ask(first[line.item_id], line.quantity, line.lot_id))
    return asks


def _open_task(tx: WriteTx, task_id: UUID) -> AnyRow:
    task = tx.execute(queries.locked([task_id])).first()
    if task is None:
        raise TaskNotFound("There is no such task.")
    tx.match(task)
    if task.status not in _TAKES_MATERIAL:
        raise TaskMoveRefused(
            f"The task is {task.status}; material goes to one that is APPROVED or IN_PROGRESS.",
            task_id=str(task_id),
            current=task.status,
            allowed=[action.value for action in allowed(TaskStatus(task.status))],
        )
    return task


def _touch(tx: WriteTx, task: AnyRow) -> None:
    tx.execute(
        update(ProductionOrder)
        .where(ProductionOrder.id == task.id)
        .values(version=ProductionOrder.version + 1, updated_at=tx.now)
    )
