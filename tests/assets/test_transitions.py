"""The moves of a work order, every one of them, against the table of the first system's fact sheet."""

from itertools import product

import pytest

from app.domains.assets.words import WorkOrderStatus
from app.domains.assets.work_orders.transitions import Move, allowed, refusal

OPEN, IN_PROGRESS, CLOSED, CANCELED = WorkOrderStatus
POSSIBLE = {
    (OPEN, IN_PROGRESS),
    (OPEN, CANCELED),
    (IN_PROGRESS, OPEN),
    (IN_PROGRESS, CANCELED),
}
EVERY = list(product(WorkOrderStatus, WorkOrderStatus, (True, False)))


@pytest.mark.parametrize(("current", "target", "reassigned"), EVERY)
def test_a_move_is_possible_or_refused_with_a_reason(
    current: WorkOrderStatus, target: WorkOrderStatus, reassigned: bool
) -> None:
    handed_over = current == target and reassigned and current in {OPEN, IN_PROGRESS}
    possible = (current, target) in POSSIBLE or handed_over
    reason = refusal(Move(current, target, reassigned=reassigned))
    assert (reason is None) == possible
    assert possible or str(reason).endswith(".")


@pytest.mark.parametrize("current", list(WorkOrderStatus))
def test_what_is_allowed_is_what_is_not_refused_and_closing(current: WorkOrderStatus) -> None:
    moves = {target for target in WorkOrderStatus if refusal(Move(current, target)) is None}
    over = current in {CLOSED, CANCELED}
    assert set(allowed(current)) == (set() if over else moves | {CLOSED})
