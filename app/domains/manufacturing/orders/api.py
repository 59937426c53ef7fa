"""`/api/ppic/tasks`: one task at a time."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.handover.errors import LineNotClear, ProductionLineNotFound
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.orders import completion, issuing, lifecycle, queries, reading, service
from app.domains.manufacturing.orders.errors import (
    BatchNumberTaken,
    MaterialMissing,
    ReceivedMore,
    SerialTaken,
    TaskComponentNotFound,
    TaskMoveRefused,
    TaskNotFound,
    VarianceTooLarge,
)
from app.domains.manufacturing.orders.models import ProductionOrder
from app.domains.manufacturing.orders.schemas import (
    ComponentPatch,
    ComponentRead,
    OutputRead,
    TaskApprove,
    TaskComplete,
    TaskCreate,
    TaskFilter,
    TaskIssue,
    TaskPatch,
    TaskRead,
    TaskReason,
    TaskReceive,
    TaskStart,
    TransitionRead,
)
from app.domains.manufacturing.orders.selection import one_for
from app.domains.manufacturing.orders.words import Action
from app.kernel.api.body_or_query import BodyOrQuery
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/ppic/tasks", tags=["Production"])


@router.post("", permission=p.PPIC_CREATE, status_code=201, errors=[ItemNotFound, BatchNumberTaken])
def create_task(body: TaskCreate, tx: WriteTx) -> TaskRead:
    """Draft a manufacturing order; it pins the released revision of its product."""
    return reading.task(tx, service.create(tx, body))


@router.get("", permission=p.PPIC_VIEW)
def list_tasks(tx: ReadTx, wanted: Annotated[TaskFilter, Query()]) -> Page[TaskRead]:
    """Tasks, oldest first."""
    return page(tx, queries.filtered(wanted), wanted, reading.read, keys=queries.SORT, default="id")


@router.get("/{task_id:uuid}", permission=p.PPIC_VIEW, errors=[TaskNotFound])
def get_task(task_id: UUID, tx: ReadTx) -> TaskRead:
    """One task, with what it lacks and what may be done with it."""
    return reading.task(tx, task_id)


@router.patch(
    "/{task_id:uuid}",
    permission=p.PPIC_UPDATE,
    errors=[TaskNotFound, TaskMoveRefused, ProductionLineNotFound],
)
def change_task(task_id: UUID, body: TaskPatch, tx: WriteTx) -> TaskRead:
    """Change due date, priority, department or line."""
    service.change(tx, task_id, body)
    return reading.task(tx, task_id)


@router.post("/{task_id:uuid}/approve", permission=p.PPIC_APPROVE, errors=[TaskNotFound, TaskMoveRefused])
def approve_task(
    task_id: UUID, body: Annotated[TaskApprove, BodyOrQuery(TaskApprove)], tx: WriteTx
) -> TaskRead:
    """Approve a task and reserve what is on hand for it; what is short is listed and refuses nothing."""
    lifecycle.approve(tx, one_for(tx, Action.APPROVE, task_id), body.notes)
    return reading.task(tx, task_id)


@router.post(
    "/{task_id:uuid}/start",
    permission=p.PPIC_UPDATE,
    errors=[TaskNotFound, TaskMoveRefused, LineNotClear],
)
def start_task(task_id: UUID, body: Annotated[TaskStart, BodyOrQuery(TaskStart)], tx: WriteTx) -> TaskRead:
    """Start a task: the first operations of its routing are open."""
    chosen = one_for(tx, Action.START, task_id)
    lifecycle.start(tx, chosen, body.notes)
    chosen.insist()
    return reading.task(tx, task_id)


@router.post(
    "/{task_id:uuid}/complete",
    permission=p.PPIC_UPDATE,
    errors=[TaskNotFound, TaskMoveRefused, VarianceTooLarge, ReceivedMore, SerialTaken],
)
def complete_task(
    task_id: UUID, body: Annotated[TaskComplete, BodyOrQuery(TaskComplete)], tx: WriteTx
) -> TaskRead:
    """Complete a task with what was made in all: components are consumed, the rest of the output is received."""
    completion.complete_one(tx, task_id, body)
    return reading.task(tx, task_id)


@router.post("/{task_id:uuid}:hold", permission=p.PPIC_UPDATE, errors=[TaskNotFound, TaskMoveRefused])
def hold_task(task_id: UUID, body: TaskReason, tx: WriteTx) -> TaskRead:
    """Put a task on hold; its reservations stay."""
    lifecycle.hold(tx, one_for(tx, Action.HOLD, task_id), body.reason)
    return reading.task(tx, task_id)


@router.post("/{task_id:uuid}:resume", permission=p.PPIC_UPDATE, errors=[TaskNotFound, TaskMoveRefused])
def resume_task(task_id: UUID, body: TaskReason, tx: WriteTx) -> TaskRead:
    """Go on with a task on hold, where it was."""
    lifecycle.resume(tx, one_for(tx, Action.RESUME, task_id), body.reason)
    return reading.task(tx, task_id)


@router.post("/{task_id:uuid}:cancel", permission=p.PPIC_DELETE, errors=[TaskNotFound, TaskMoveRefused])
def cancel_task(task_id: UUID, body: TaskReason, tx: WriteTx) -> TaskRead:
    """Cancel a task: its reservations are free again, what was issued to it goes back to stock."""
    lifecycle.cancel(tx, one_for(tx, Action.CANCEL, task_id), body.reason)
    return reading.task(tx, task_id)


@router.post("/{task_id:uuid}:reserve", permission=p.PPIC_UPDATE, errors=[TaskNotFound, TaskMoveRefused])
def reserve_task_material(task_id: UUID, tx: WriteTx) -> TaskRead:
    """Reserve what has come in meanwhile and is still missing."""
    issuing.reserve(tx, task_id)
    return reading.task(tx, task_id)


@router.post(
    "/{task_id:uuid}:issue",
    permission=p.PPIC_UPDATE,
    errors=[TaskNotFound, TaskMoveRefused, MaterialMissing, ItemNotFound],
)
def issue_task_material(task_id: UUID, body: TaskIssue, tx: WriteTx) -> TaskRead:
    """Take components out of stock for a task, before they would be consumed by themselves."""
    issuing.issue(tx, task_id, body)
    return reading.task(tx, task_id)


@router.post(
    "/{task_id:uuid}:receive",
    permission=p.PPIC_UPDATE,
    errors=[TaskNotFound, TaskMoveRefused, SerialTaken],
)
def receive_task_output(task_id: UUID, body: TaskReceive, tx: WriteTx) -> TaskRead:
    """Receive part of the output into stock; the task goes on."""
    completion.receive_one(tx, task_id, body)
    return reading.task(tx, task_id)


@router.get("/{task_id:uuid}/components", permission=p.PPIC_VIEW, errors=[TaskNotFound])
def list_task_components(task_id: UUID, tx: ReadTx) -> list[ComponentRead]:
    """What a task needs: reserved, issued and missing."""
    _exists(tx, task_id)
    return [ComponentRead.model_validate(row) for row in tx.all(queries.components(task_id))]


@router.patch(
    "/{task_id:uuid}/components/{task_component_id:uuid}",
    permission=p.PPIC_UPDATE,
    errors=[TaskNotFound, TaskComponentNotFound, TaskMoveRefused],
)
def change_task_component(
    task_id: UUID, task_component_id: UUID, body: ComponentPatch, tx: WriteTx
) -> ComponentRead:
    """Say whether a component is consumed by itself (BACKFLUSH) or only when it is issued (ISSUE)."""
    row = issuing.change_consumption(tx, task_id, task_component_id, body.consumption)
    return ComponentRead.model_validate(row)


@router.get("/{task_id:uuid}/history", permission=p.PPIC_VIEW, errors=[TaskNotFound])
def get_task_history(task_id: UUID, tx: ReadTx) -> list[TransitionRead]:
    """What happened to a task, oldest first."""
    _exists(tx, task_id)
    return [TransitionRead.model_validate(row) for row in tx.all(queries.history(task_id))]


@router.get("/{task_id:uuid}/outputs", permission=p.PPIC_VIEW, errors=[TaskNotFound])
def list_task_outputs(task_id: UUID, tx: ReadTx) -> list[OutputRead]:
    """What came out of a task, each lot or serial with what is in it."""
    _exists(tx, task_id)
    return reading.outputs(tx, task_id)


def _exists(tx: ReadTx, task_id: UUID) -> None:
    tx.one(select(ProductionOrder.id).where(ProductionOrder.id == task_id), TaskNotFound)
