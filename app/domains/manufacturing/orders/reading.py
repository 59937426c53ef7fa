"""Answers about tasks."""

from typing import Any
from uuid import UUID

from app.domains.manufacturing.orders import queries
from app.domains.manufacturing.orders.errors import TaskNotFound
from app.domains.manufacturing.orders.models import ProductionOrder
from app.domains.manufacturing.orders.schemas import OutputRead, TaskRead
from app.domains.manufacturing.orders.transitions import allowed
from app.domains.manufacturing.orders.words import TaskStatus
from app.kernel.tx import AnyRow, ReadTx, WriteTx


def task(tx: ReadTx, task_id: UUID) -> TaskRead:
    """Raises `TaskNotFound`."""
    if isinstance(tx, WriteTx):
        tx.flush_if_any()
    return read(tx.one(queries.tasks().where(ProductionOrder.id == task_id), TaskNotFound))


def read(row: AnyRow) -> TaskRead:
    possible = allowed(TaskStatus(row.status), received=row.qty_good > 0)
    return TaskRead.model_validate({**row._mapping, "allowed": possible})  # noqa: SLF001 a row's public view


def outputs(tx: ReadTx, task_id: UUID) -> list[OutputRead]:
    rows = tx.all(queries.outputs(task_id))
    parts: dict[UUID, list[Any]] = {row.id: [] for row in rows}
    for part in tx.all(queries.built_from(list(parts))) if parts else ():
        parts[part.output_id].append(part)
    return [OutputRead.model_validate({**row._mapping, "built_from": parts[row.id]}) for row in rows]  # noqa: SLF001
