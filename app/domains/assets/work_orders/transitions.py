"""Pure: which moves a work order allows, as small rules in the order they are asked.

Each rule looks at one move and returns why it is refused, or None. The first refusal counts.
"""

from collections.abc import Callable
from dataclasses import dataclass

from app.domains.assets.words import WorkOrderStatus

S = WorkOrderStatus
TERMINAL = frozenset({S.CLOSED, S.CANCELED})
_MOVES: dict[WorkOrderStatus, tuple[WorkOrderStatus, ...]] = {
    S.OPEN: (S.IN_PROGRESS, S.CANCELED),
    S.IN_PROGRESS: (S.OPEN, S.CANCELED),
    S.CLOSED: (),
    S.CANCELED: (),
}


@dataclass(frozen=True, slots=True)
class Move:
    """A requested change; `reassigned` when it also names another assignee than the present one."""

    current: WorkOrderStatus
    target: WorkOrderStatus
    reassigned: bool = False


Rule = Callable[[Move], str | None]


def _not_over(move: Move) -> str | None:
    return f"The work order is {move.current.value}." if move.current in TERMINAL else None


def _close_is_its_own_call(move: Move) -> str | None:
    return "Use the close call to close a work order." if move.target is S.CLOSED else None


def _something_changes(move: Move) -> str | None:
    if move.target is move.current and not move.reassigned:
        return f"The work order is {move.current.value} already; name another assignee to reassign it."
    return None


def _is_a_move(move: Move) -> str | None:
    if move.target is move.current or move.target in _MOVES[move.current]:
        return None
    return f"There is no way from {move.current.value} to {move.target.value}."


POLICY: tuple[Rule, ...] = (_not_over, _close_is_its_own_call, _something_changes, _is_a_move)


def refusal(move: Move) -> str | None:
    """Why the move is refused, or None when it may happen."""
    return next((reason for rule in POLICY if (reason := rule(move)) is not None), None)


def allowed(current: WorkOrderStatus) -> list[WorkOrderStatus]:
    """Where a work order can go from here, closing included."""
    return [*_MOVES[current], S.CLOSED] if current not in TERMINAL else []
