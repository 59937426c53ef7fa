"""Output comes in: parts of it with `receive`, the rest with `complete`, one task or thousands in one go."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Numeric, Text, TextClause, Uuid, bindparam, text

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.items.service import KnownItem
from app.domains.manufacturing.orders import (
    building,
    consumption,
    history,
    lifecycle,
    materials,
    snapshot,
)
from app.domains.manufacturing.orders.errors import ReceivedMore, VarianceTooLarge
from app.domains.manufacturing.orders.events import TaskCompleted, TaskReceived
from app.domains.manufacturing.orders.history import Step, who
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.orders.schemas import OutputLine, TaskComplete, TaskReceive
from app.domains.manufacturing.orders.selection import Selection, one_for
from app.domains.manufacturing.orders.variance import Variance, variance
from app.domains.manufacturing.orders.words import Action, TaskStatus
from app.domains.manufacturing.quantities import plain
from app.domains.manufacturing.routing import work
from app.domains.manufacturing.words import Tracking
from app.kernel.events.envelope import ref
from app.kernel.problem import Problem, invalid
from app.kernel.tx import AnyRow, WriteTx

_RECEIVED: TextClause = text(
    "UPDATE production_order o SET qty_good = o.qty_good + k.quantity, version = o.version + 1, updated_at = :now"
    " FROM unnest(:ids, :quantities) AS k (id, quantity) WHERE o.id = k.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("quantities", type_=ARRAY(Numeric())))
_COMPLETED: TextClause = text(
    "UPDATE production_order o SET status = 'COMPLETED', completed_at = :now, qty_good = k.quantity,"
    " variance_class = k.kind, variance_percent = k.percent, override_reason = k.reason,"
    " overridden_by = CASE WHEN k.reason IS NULL THEN NULL ELSE :who END,"
    " version = o.version + 1, updated_at = :now"
    " FROM unnest(:ids, :quantities, :kinds, :percents, :reasons) AS k (id, quantity, kind, percent, reason)"
    " WHERE o.id = k.id"
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("quantities", type_=ARRAY(Numeric())),
    bindparam("kinds", type_=ARRAY(Text())),
    bindparam("percents", type_=ARRAY(Numeric())),
    bindparam("reasons", type_=ARRAY(Text())),
)


@dataclass(frozen=True, slots=True)
class Final:
    """How a task is to be completed: with this much in all, and what is said about it."""

    actual: Decimal
    override: bool = False
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What comes in from one task now. Without `lines` lots and serial numbers are made up."""

    task: AnyRow
    quantity: Decimal
    lines: Sequence[OutputLine] = field(default=())


def receive_one(tx: WriteTx, task_id: UUID, data: TaskReceive) -> None:
    """Raises `TaskNotFound`, `TaskMoveRefused`, `SerialTaken`; 422 for outputs that don't fit."""
    (task,) = one_for(tx, Action.RECEIVE, task_id).tasks
    _take_in(tx, [Receipt(task, data.quantity, data.outputs)])
    step = Step(task.id, Action.RECEIVE.value, task.status, task.status, quantity=data.quantity)
    history.write(tx, [step])
    tx.emit(
        TaskReceived(task_id=task_id, quantity=data.quantity),
        subject=ref(KIND, task_id),
        related=lifecycle.related(task),
        before={"qty_good": plain(task.qty_good)},
        after={"qty_good": plain(task.qty_good + data.quantity)},
    )


def complete_one(tx: WriteTx, task_id: UUID, data: TaskComplete) -> None:
    """Raises `TaskNotFound`, `TaskMoveRefused`, `VarianceTooLarge`, `ReceivedMore`; 422 without a quantity."""
    chosen = one_for(tx, Action.COMPLETE, task_id)
    if data.actual_quantity is None:
        raise invalid("actual_quantity", "missing", "Say how much was made.")
    final = Final(data.actual_quantity, data.variance_override, data.quality_notes)
    complete(tx, chosen, {task_id: final})
    chosen.insist()


def complete(tx: WriteTx, chosen: Selection, finals: Mapping[UUID, Final]) -> None:
    """Complete every chosen task that may be; the others are refused in `chosen`."""
    variances = _judge(tx, chosen, finals)
    tasks = chosen.tasks
    if not tasks:
        return
    _take_in(
        tx,
        [
            Receipt(task, finals[task.id].actual - task.qty_good)
            for task in tasks
            if finals[task.id].actual > task.qty_good
        ],
    )
    _write(tx, tasks, finals, variances)
    consumption.settle(tx, {task.id: finals[task.id].actual + task.qty_scrapped for task in tasks})
    materials.release(tx, chosen.ids)
    work.complete_for(tx, chosen.ids)
    snapshot.unpin(tx, chosen.ids)
    materials.judge(tx, chosen.ids)
    for task in tasks:
        final, found = finals[task.id], variances[task.id]
        tx.emit(
            TaskCompleted(
                task_id=task.id,
                product_id=task.product_id,
                actual_quantity=final.actual,
                variance_class=found.kind.value,
            ),
            subject=ref(KIND, task.id),
            related=lifecycle.related(task),
            before={"status": task.status, "qty_good": plain(task.qty_good)},
            after={
                "status": TaskStatus.COMPLETED.value,
                "qty_good": plain(final.actual),
                "variance_override": found.needs_override,
                "quality_notes": final.notes,
            },
        )


def _judge(tx: WriteTx, chosen: Selection, finals: Mapping[UUID, Final]) -> dict[UUID, Variance]:
    products = items.get_many(tx, {task.product_id for task in chosen.tasks}) if chosen.tasks else {}
    found = {}
    for task in list(chosen.tasks):
        final = finals[task.id]
        problem = _impossible(task, final, products[task.product_id])
        if problem is None:
            found[task.id] = variance(task.qty_planned, final.actual)
            problem = _too_far(tx, task, final, found[task.id])
        if problem is not None:
            chosen.refuse(task.id, problem)
    return found


def _impossible(task: AnyRow, final: Final, product: KnownItem) -> Problem | None:
    if final.actual <= 0:
        return invalid("actual_quantity", "greater_than", "The quantity must be above zero.")
    if product.tracking == Tracking.SERIAL and final.actual != final.actual.to_integral_value():
        return invalid(
            "actual_quantity", "not_whole", "Units with serial numbers are counted in whole numbers."
        )
    if final.actual < task.qty_good:
        return ReceivedMore(
            f"{plain(task.qty_good)} were received already.",
            task_id=str(task.id),
            received=plain(task.qty_good),
        )
    return None


def _too_far(tx: WriteTx, task: AnyRow, final: Final, found: Variance) -> Problem | None:
    """A MAJOR variance needs the word, the right and the reason, all three."""
    if not found.needs_override:
        return None
    needed = []
    if not final.override:
        needed.append("variance_override")
    if not tx.principal.can(p.PPIC_APPROVE):
        needed.append(str(p.PPIC_APPROVE))
    if not final.notes:
        needed.append("quality_notes")
    if not needed:
        return None
    return VarianceTooLarge(
        f"{plain(final.actual)} instead of {plain(task.qty_planned)} is {plain(found.percent)} % off.",
        task_id=str(task.id),
        planned=plain(task.qty_planned),
        actual=plain(final.actual),
        variance_percent=plain(found.percent),
        needed=needed,  # type: ignore[arg-type]
    )


def _take_in(tx: WriteTx, receipts: Sequence[Receipt]) -> None:
    """Consume what the output means, put it into stock, and write what is in it."""
    if not receipts:
        return
    tasks = [receipt.task for receipt in receipts]
    units = {r.task.id: r.task.qty_good + r.quantity + r.task.qty_scrapped for r in receipts}
    planned = building.plan(tx, receipts)
    materials.hold(tx, [task.id for task in tasks], {task.product_id for task in tasks})
    for receipt in receipts:
        known = _known_lots(receipt)
        if known:
            consumption.of_lots(tx, receipt.task, known)
    consumption.of_output(tx, tasks, units)
    building.put(tx, planned)
    tx.execute(
        _RECEIVED,
        {
            "now": tx.now,
            "ids": [receipt.task.id for receipt in receipts],
            "quantities": [receipt.quantity for receipt in receipts],
        },
    )


def _known_lots(receipt: Receipt) -> dict[UUID, Decimal]:
    """The lots that the caller says are built in, and how much of each."""
    found: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for line in receipt.lines:
        for part in line.built_in:
            found[part.lot_id] += part.quantity
    return found


def _write(
    tx: WriteTx,
    tasks: Sequence[AnyRow],
    finals: Mapping[UUID, Final],
    variances: Mapping[UUID, Variance],
) -> None:
    def reason(task: AnyRow) -> str | None:
        return finals[task.id].notes if variances[task.id].needs_override else None

    tx.execute(
        _COMPLETED,
        {
            "now": tx.now,
            "who": who(tx),
            "ids": [task.id for task in tasks],
            "quantities": [finals[task.id].actual for task in tasks],
            "kinds": [variances[task.id].kind.value for task in tasks],
            "percents": [variances[task.id].percent for task in tasks],
            "reasons": [reason(task) for task in tasks],
        },
    )
    history.write(
        tx,
        (
            Step(
                task.id,
                Action.COMPLETE.value,
                task.status,
                TaskStatus.COMPLETED.value,
                finals[task.id].notes,
                finals[task.id].actual,
                {"variance_class": variances[task.id].kind.value, "override_reason": reason(task)},
            )
            for task in tasks
        ),
    )
