"""Pure: which actions a manufacturing order allows, as small rules in the order they are asked.

Each rule looks at one move and returns why it is refused, or None. The first refusal counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.domains.manufacturing.orders.words import Action, TaskStatus

A, S = Action, TaskStatus
TERMINAL = frozenset({S.COMPLETED, S.CANCELLED})
_FROM: dict[Action, frozenset[TaskStatus]] = {
    A.APPROVE: frozenset({S.DRAFT}),
    A.START: frozenset({S.APPROVED}),
    A.HOLD: frozenset({S.APPROVED, S.IN_PROGRESS}),
    A.RESUME: frozenset({S.ON_HOLD}),
    A.RECEIVE: frozenset({S.IN_PROGRESS}),
    A.COMPLETE: frozenset({S.IN_PROGRESS}),
    A.CANCEL: frozenset({S.DRAFT, S.APPROVED, S.IN_PROGRESS, S.ON_HOLD}),
}
_TO: dict[Action, TaskStatus] = {
    A.APPROVE: S.APPROVED,
    A.START: S.IN_PROGRESS,
    A.HOLD: S.ON_HOLD,
    A.RECEIVE: S.IN_PROGRESS,
    A.COMPLETE: S.COMPLETED,
    A.CANCEL: S.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Move:
    """A requested action. `held_from`: where an order on hold goes back to. `received`: output is in stock."""

    action: Action
    current: TaskStatus
    held_from: TaskStatus | None = None
    received: bool = False


Rule = Callable[[Move], str | None]


def _not_over(move: Move) -> str | None:
    return (
        f"The task is {move.current.value}; nothing changes it any more."
        if move.current in TERMINAL
        else None
    )


def _held_is_resumed_first(move: Move) -> str | None:
    if move.current is S.ON_HOLD and move.action not in {A.RESUME, A.CANCEL}:
        return f"The task is ON_HOLD; resume it before you {move.action.value} it."
    return None


def _is_a_move(move: Move) -> str | None:
    if move.current in _FROM[move.action]:
        return None
    wanted = " or ".join(sorted(status.value for status in _FROM[move.action]))
    return f"To {move.action.value} it, a task must be {wanted}; this one is {move.current.value}."


def _what_is_received_stays(move: Move) -> str | None:
    if move.action is A.CANCEL and move.received:
        return "Output of this task is in stock already; complete it with what was made."
    return None


POLICY: tuple[Rule, ...] = (_not_over, _held_is_resumed_first, _is_a_move, _what_is_received_stays)


def refusal(move: Move) -> str | None:
    """Why the move is refused, or None when it may happen."""
    return next((reason for rule in POLICY if (reason := rule(move)) is not None), None)


def allowed(current: TaskStatus, *, received: bool = False) -> list[Action]:
    """What may be done with a task in this state."""
    return [action for action in Action if refusal(Move(action, current, S.APPROVED, received)) is None]


def target(move: Move) -> TaskStatus:
    """Where an allowed move leads."""
    if move.action is A.RESUME:
        return move.held_from or S.APPROVED
    return _TO[move.action]
