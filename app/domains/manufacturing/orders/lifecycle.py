"""Approve, start, hold, resume, cancel: each changes any number of locked tasks in a fixed number of statements."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import update

from app.domains.manufacturing.handover import lines
from app.domains.manufacturing.orders import history, materials, snapshot
from app.domains.manufacturing.orders.events import (
    TaskApproved,
    TaskCancelled,
    TaskHeld,
    TaskResumed,
    TaskStarted,
)
from app.domains.manufacturing.orders.history import Step
from app.domains.manufacturing.orders.models import ProductionOrder
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.orders.selection import Selection
from app.domains.manufacturing.orders.transitions import Move, target
from app.domains.manufacturing.orders.words import Action, TaskStatus
from app.domains.manufacturing.routing import work
from app.kernel.events.envelope import Event, ref
from app.kernel.problem import Problem
from app.kernel.tx import AnyRow, WriteTx


def approve(tx: WriteTx, chosen: Selection, note: str | None) -> None:
    """Reserve what is on hand; what is not there is written down and refuses nothing."""
    if not chosen.tasks:
        return
    move(tx, chosen.tasks, Action.APPROVE, note, approved_at=tx.now)
    materials.reserve(tx, chosen.ids)
    status = materials.judge(tx, chosen.ids)
    _emit(
        tx,
        chosen.tasks,
        Action.APPROVE,
        lambda task: TaskApproved(task_id=task.id, material_status=status[task.id]),
    )


def start(tx: WriteTx, chosen: Selection, note: str | None) -> None:
    """Open the first operations. A task whose line is not clear is refused (`LineNotClear`)."""
    for task in list(chosen.tasks):
        try:
            lines.enter(tx, task.production_line_id, task.product_id)
        except Problem as problem:
            chosen.refuse(task.id, problem)
    if not chosen.tasks:
        return
    move(tx, chosen.tasks, Action.START, note, started_at=tx.now)
    work.open_for(tx, chosen.tasks)
    _emit(tx, chosen.tasks, Action.START, lambda task: TaskStarted(task_id=task.id))


def hold(tx: WriteTx, chosen: Selection, note: str | None) -> None:
    for task in chosen.tasks:
        move(tx, [task], Action.HOLD, note, held_from=task.status)
    _emit(tx, chosen.tasks, Action.HOLD, lambda task: TaskHeld(task_id=task.id))


def resume(tx: WriteTx, chosen: Selection, note: str | None) -> None:
    for task in chosen.tasks:
        move(tx, [task], Action.RESUME, note, held_from=None)
    _emit(tx, chosen.tasks, Action.RESUME, lambda task: TaskResumed(task_id=task.id))


def cancel(tx: WriteTx, chosen: Selection, note: str | None) -> None:
    """Free what is reserved, take back what was issued, and close what is open."""
    if not chosen.tasks:
        return
    move(tx, chosen.tasks, Action.CANCEL, note, cancelled_at=tx.now, held_from=None)
    materials.give_back(tx, chosen.ids)
    work.cancel_for(tx, chosen.ids)
    snapshot.unpin(tx, chosen.ids)
    _emit(tx, chosen.tasks, Action.CANCEL, lambda task: TaskCancelled(task_id=task.id))


def move(tx: WriteTx, tasks: Sequence[AnyRow], action: Action, note: str | None, **values: Any) -> None:
    """Write the new state, which is the same for all of them, and its history."""
    leads_to = {task.id: target(_asked(task, action)) for task in tasks}
    (status,) = set(leads_to.values())
    tx.execute(
        update(ProductionOrder)
        .where(ProductionOrder.id.in_(list(leads_to)))
        .values(status=status.value, version=ProductionOrder.version + 1, updated_at=tx.now, **values)
    )
    history.write(tx, (Step(task.id, action.value, task.status, status.value, note) for task in tasks))


def _asked(task: AnyRow, action: Action) -> Move:
    held_from = TaskStatus(task.held_from) if task.held_from else None
    return Move(action, TaskStatus(task.status), held_from)


def _emit(tx: WriteTx, tasks: Iterable[AnyRow], action: Action, make: Any) -> None:
    for task in tasks:
        event: Event = make(task)
        tx.emit(
            event,
            subject=ref(KIND, task.id),
            related=related(task),
            before={"status": task.status},
            after={"status": target(_asked(task, action)).value},
        )


def related(task: AnyRow) -> list[str]:
    """What else a task's events are about."""
    found = [ref("item", task.product_id)]
    return [*found, ref("bom_revision", task.revision_id)] if task.revision_id else found
