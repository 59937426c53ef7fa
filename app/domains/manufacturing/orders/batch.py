"""Many tasks in one transaction: all or nothing, what can be done, or only what would happen."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import UUID

from app.domains.manufacturing.orders import completion, lifecycle, queries
from app.domains.manufacturing.orders.completion import Final
from app.domains.manufacturing.orders.errors import BatchFailed, TaskNotFound
from app.domains.manufacturing.orders.schemas import (
    BatchAnswer,
    BatchApprove,
    BatchComplete,
    BatchMode,
    BatchResult,
    BatchStart,
)
from app.domains.manufacturing.orders.selection import Selection, select_for
from app.domains.manufacturing.orders.transitions import allowed
from app.domains.manufacturing.orders.words import Action, TaskStatus
from app.kernel.tx import AnyRow, WriteTx

Work = Callable[[Selection], None]


class _OnlyAsked(Exception):  # noqa: N818 it is no error
    """Ends the savepoint of a dry run."""


def approve(tx: WriteTx, data: BatchApprove) -> BatchAnswer:
    """Raises `BatchFailed`."""
    return _run(tx, Action.APPROVE, data, lambda chosen: lifecycle.approve(tx, chosen, data.notes))


def start(tx: WriteTx, data: BatchStart) -> BatchAnswer:
    """Raises `BatchFailed`."""
    return _run(tx, Action.START, data, lambda chosen: lifecycle.start(tx, chosen, data.notes))


def complete(tx: WriteTx, data: BatchComplete) -> BatchAnswer:
    """Raises `BatchFailed`."""

    def work(chosen: Selection) -> None:
        notes = data.quality_notes or data.notes
        finals = {
            task.id: Final(data.quantities.get(task.id, task.qty_planned), data.variance_override, notes)
            for task in chosen.tasks
        }
        completion.complete(tx, chosen, finals)

    return _run(tx, Action.COMPLETE, data, work)


def _run(tx: WriteTx, action: Action, data: BatchApprove, work: Work) -> BatchAnswer:
    wanted = list(dict.fromkeys(data.task_ids))
    if data.mode is BatchMode.DRY_RUN:
        return _rehearse(tx, action, data, wanted, work)
    chosen = select_for(tx, action, wanted)
    if data.mode is BatchMode.ATOMIC:
        _all_or_nothing(chosen, wanted)
    work(chosen)
    if data.mode is BatchMode.ATOMIC:
        _all_or_nothing(chosen, wanted)
    return _answer(tx, data, wanted, chosen)


def _rehearse(
    tx: WriteTx, action: Action, data: BatchApprove, wanted: Sequence[UUID], work: Work
) -> BatchAnswer:
    """Do it all, look at it, and undo it."""
    answer: list[BatchAnswer] = []

    def rehearse() -> None:
        with tx.savepoint():
            chosen = select_for(tx, action, wanted)
            work(chosen)
            tx.flush_if_any()
            answer.append(_answer(tx, data, wanted, chosen))
            raise _OnlyAsked

    with suppress(_OnlyAsked):
        rehearse()
    return answer[0]


def _all_or_nothing(chosen: Selection, wanted: Sequence[UUID]) -> None:
    if not chosen.refused:
        return
    results = [_result(chosen, task_id, chosen.standing.get(task_id)) for task_id in wanted]
    raise BatchFailed(
        f"{len(chosen.refused)} of {len(wanted)} tasks can't be changed, so none was.",
        results=[result.model_dump(mode="json") for result in results],
    )


def _answer(tx: WriteTx, data: BatchApprove, wanted: Sequence[UUID], chosen: Selection) -> BatchAnswer:
    now = {row.id: row for row in tx.execute(queries.states(wanted))}
    return BatchAnswer(
        mode=data.mode,
        requested=len(wanted),
        changed=len(wanted) - len(chosen.refused),
        failed=len(chosen.refused),
        results=[_result(chosen, task_id, now.get(task_id)) for task_id in wanted],
    )


def _result(chosen: Selection, task_id: UUID, task: AnyRow | None) -> BatchResult:
    problem = chosen.refused.get(task_id)
    status = "ok" if problem is None else problem.code
    if isinstance(problem, TaskNotFound):
        status = "not_found"
    state = TaskStatus(task.status) if task is not None else None
    return BatchResult(
        task_id=task_id,
        status=status,
        detail=problem.detail if problem is not None else None,
        task_status=state,
        material_status=task.material_status if task is not None else None,
        allowed=allowed(state, received=task.qty_good > 0) if task is not None and state else [],
    )
