"""Which of the asked-for tasks an action may change, and why it may not change the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import JsonValue

from app.domains.manufacturing.orders import queries
from app.domains.manufacturing.orders.errors import TaskMoveRefused, TaskNotFound
from app.domains.manufacturing.orders.transitions import Move, allowed, refusal
from app.domains.manufacturing.orders.words import Action, TaskStatus
from app.kernel.problem import Problem
from app.kernel.tx import AnyRow, WriteTx


@dataclass(slots=True)
class Selection:
    """`tasks` may be changed, all of them locked; `refused` says of the others why not."""

    tasks: list[AnyRow] = field(default_factory=list)
    refused: dict[UUID, Problem] = field(default_factory=dict)
    standing: dict[UUID, AnyRow] = field(default_factory=dict)

    @property
    def ids(self) -> list[UUID]:
        return [task.id for task in self.tasks]

    def refuse(self, task_id: UUID, problem: Problem) -> None:
        self.refused[task_id] = problem
        self.tasks = [task for task in self.tasks if task.id != task_id]

    def insist(self) -> None:
        """Raise what stands in the way of the first refused task, if any is."""
        for problem in self.refused.values():
            raise problem


def select_for(tx: WriteTx, action: Action, task_ids: Sequence[UUID]) -> Selection:
    """Lock the tasks, in the order of their ids, and ask the rules about each."""
    tx.flush_if_any()
    chosen = Selection(standing={row.id: row for row in tx.execute(queries.locked(task_ids))})
    for task_id in dict.fromkeys(task_ids):
        task = chosen.standing.get(task_id)
        if task is None:
            chosen.refused[task_id] = TaskNotFound("There is no such task.")
        elif (problem := _refused(task, action)) is not None:
            chosen.refused[task_id] = problem
        else:
            chosen.tasks.append(task)
    return chosen


def one_for(tx: WriteTx, action: Action, task_id: UUID) -> Selection:
    """The same for one task. Raises `TaskNotFound`, `PreconditionFailed`, `TaskMoveRefused`."""
    chosen = select_for(tx, action, [task_id])
    if task_id in chosen.standing:
        tx.match(chosen.standing[task_id])
    chosen.insist()
    return chosen


def _refused(task: AnyRow, action: Action) -> Problem | None:
    current = TaskStatus(task.status)
    held_from = TaskStatus(task.held_from) if task.held_from else None
    reason = refusal(Move(action, current, held_from, task.qty_good > 0))
    if reason is None:
        return None
    possible: list[JsonValue] = [word.value for word in allowed(current, received=task.qty_good > 0)]
    return TaskMoveRefused(reason, task_id=str(task.id), current=current.value, allowed=possible)
