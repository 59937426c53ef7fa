"""Work on the operations of a task: start them, report what became of the units, finish them.

The task's row is locked first, so two reports of one task never see the same units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, update

from app.domains.manufacturing.operations.schemas import MaterialReadiness
from app.domains.manufacturing.orders import consumption, issuing
from app.domains.manufacturing.orders.errors import MaterialMissing, TaskNotFound
from app.domains.manufacturing.orders.history import who
from app.domains.manufacturing.orders.models import ProductionOrder
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.orders.schemas import Shortage
from app.domains.manufacturing.orders.words import TaskStatus
from app.domains.manufacturing.quantities import plain
from app.domains.manufacturing.routing.errors import (
    InputExceeded,
    ProductionWorkOrderNotFound,
    WorkCenterFull,
    WorkMoveRefused,
)
from app.domains.manufacturing.routing.events import OperationCompleted, OperationReported, OperationStarted
from app.domains.manufacturing.routing.models import ProductionReport, ProductionWorkOrder, WorkCenter
from app.domains.manufacturing.routing.network import passed_on
from app.domains.manufacturing.routing.schemas import OperationReport
from app.domains.manufacturing.routing.words import WorkStatus
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import AnyRow, AnySelect, ReadTx, WriteTx

W = ProductionWorkOrder


@dataclass(frozen=True, slots=True)
class Bench:
    """One work order under the lock of its task, with its siblings."""

    task: AnyRow
    work: ProductionWorkOrder
    siblings: Sequence[AnyRow]

    @property
    def available(self) -> Decimal:
        """Units that came in and have not left as good or scrap."""
        return available(self.work, self.siblings)

    def refuse_unless(self, *wanted: WorkStatus) -> None:
        """Raises `WorkMoveRefused` unless the task is in progress and the work order in one of these states."""
        if self.task.status == TaskStatus.IN_PROGRESS and self.work.status in wanted:
            return
        raise WorkMoveRefused(
            f"The work order is {self.work.status}, its task {self.task.status}.",
            current=self.work.status,
            task_status=self.task.status,
        )


def available(work: ProductionWorkOrder | AnyRow, siblings: Sequence[AnyRow]) -> Decimal:
    good = {row.code: row.qty_good for row in siblings}
    return passed_on(work.after, good, work.qty_planned) - work.qty_good - work.qty_scrap


def start(tx: WriteTx, work_order_id: UUID) -> None:
    """Raises `WorkMoveRefused`, `WorkCenterFull`, and `MaterialMissing` when anything it needs is not there."""
    bench = _bench(tx, work_order_id)
    bench.refuse_unless(WorkStatus.OPEN)
    _take_place(tx, bench.work.work_center_id)
    issuing.top_up(tx, bench.task)
    shortages = missing(tx, bench.work, bench.siblings)
    if shortages:
        raise MaterialMissing(
            "Material for this operation is missing.",
            shortages=[
                {"item_id": str(s.item_id), "required": plain(s.required), "missing": plain(s.missing)}
                for s in shortages
            ],
        )
    bench.work.status = WorkStatus.IN_PROGRESS
    bench.work.started_at = tx.now
    _touch(tx, bench.work)
    _emit(
        tx,
        bench,
        OperationStarted(work_order_id=work_order_id, task_id=bench.task.id, operation=bench.work.code),
    )


def report(tx: WriteTx, work_order_id: UUID, data: OperationReport) -> None:
    """Count units, consume what belongs to this operation, let the next ones begin.

    Raises `WorkMoveRefused`, and `InputExceeded` when more is reported than came in.
    """
    bench = _bench(tx, work_order_id)
    bench.refuse_unless(WorkStatus.IN_PROGRESS)
    total = data.good + data.scrap + data.rework
    if total == 0 and not data.finish:
        raise invalid("good", "nothing_reported", "Report some units, or finish the operation.")
    if total > bench.available:
        raise InputExceeded(
            f"{plain(bench.available)} units can be reported, not {plain(total)}.",
            available=plain(bench.available),
            asked=plain(total),
        )
    if total > 0:
        _count(tx, bench, data, total)
        consumption.of_operation(tx, bench.task, bench.work.code, bench.work.qty_good + bench.work.qty_scrap)
        _open_next(tx, bench)
    if data.finish or _is_done(bench):
        _finish(tx, bench)


def missing(tx: ReadTx, work: ProductionWorkOrder | AnyRow, siblings: Sequence[AnyRow]) -> list[Shortage]:
    """What this operation needs that is neither reserved nor issued.

    A component without an operation, or with one that the routing lacks, is needed by the first operations.
    """
    codes = {row.code for row in siblings}
    return [
        Shortage(
            item_id=row.item_id, item_code=row.item_code, required=row.qty_required, missing=row.qty_missing
        )
        for row in issuing.components(tx, work.order_id)
        if row.qty_missing > 0
        and (row.operation_code == work.code or (not work.after and row.operation_code not in codes))
    ]


def readiness(tx: ReadTx, work_order_id: UUID) -> MaterialReadiness:
    """Raises `ProductionWorkOrderNotFound`."""
    work = tx.one(select(*W.__table__.c).where(W.id == work_order_id), ProductionWorkOrderNotFound)
    siblings = tx.all(_siblings(work.order_id))
    shortages = missing(tx, work, siblings)
    return MaterialReadiness(
        work_order_id=work_order_id,
        material_ready=not shortages,
        shortages=shortages,
        available=available(work, siblings),
    )


def _bench(tx: WriteTx, work_order_id: UUID) -> Bench:
    known = tx.one(select(W.order_id).where(W.id == work_order_id), ProductionWorkOrderNotFound)
    o = ProductionOrder
    task = tx.one(select(*o.__table__.c).where(o.id == known.order_id).with_for_update(), TaskNotFound)
    work = tx.get(select(W).where(W.id == work_order_id).with_for_update(), ProductionWorkOrderNotFound)
    tx.match(work)
    return Bench(task, work, tx.all(_siblings(task.id)))


def _siblings(task_id: UUID) -> AnySelect:
    return select(W.id, W.code, W.after, W.status, W.qty_good, W.qty_scrap).where(W.order_id == task_id)


def _take_place(tx: WriteTx, work_center_id: UUID | None) -> None:
    if work_center_id is None:
        return
    center = tx.execute(
        select(WorkCenter.capacity).where(WorkCenter.id == work_center_id).with_for_update()
    ).one()
    running = select(func.count()).where(
        W.work_center_id == work_center_id, W.status == WorkStatus.IN_PROGRESS.value
    )
    current = int(tx.execute(running).scalar_one())
    if current >= center.capacity:
        raise WorkCenterFull(
            f"{current} work orders are running there already.", current=current, limit=center.capacity
        )


def _count(tx: WriteTx, bench: Bench, data: OperationReport, total: Decimal) -> None:
    work = bench.work
    work.qty_input += total
    work.qty_good += data.good
    work.qty_scrap += data.scrap
    work.qty_rework += data.rework
    _touch(tx, work)
    tx.add(
        ProductionReport(
            work_order_id=work.id,
            qty_input=total,
            qty_good=data.good,
            qty_scrap=data.scrap,
            qty_rework=data.rework,
            reason=data.reason,
            actor_id=who(tx),
            at=tx.now,
        )
    )
    if data.scrap:
        o = ProductionOrder
        tx.execute(
            update(o)
            .where(o.id == bench.task.id)
            .values(qty_scrapped=o.qty_scrapped + data.scrap, version=o.version + 1, updated_at=tx.now)
        )
    _emit(
        tx,
        bench,
        OperationReported(
            work_order_id=work.id,
            task_id=bench.task.id,
            operation=work.code,
            good=data.good,
            scrap=data.scrap,
            rework=data.rework,
        ),
    )


def _open_next(tx: WriteTx, bench: Bench) -> None:
    """An operation may begin when each of those before it has passed a unit on."""
    good = {row.code: row.qty_good for row in bench.siblings} | {bench.work.code: bench.work.qty_good}
    ready = [
        row.id
        for row in bench.siblings
        if row.status == WorkStatus.WAITING and row.after and all(good[code] > 0 for code in row.after)
    ]
    if ready:
        tx.execute(
            update(W)
            .where(W.id.in_(ready))
            .values(status=WorkStatus.OPEN.value, version=W.version + 1, updated_at=tx.now)
        )


def _is_done(bench: Bench) -> bool:
    """Nothing is left to do here, and nothing more will come."""
    before = {row.code: row.status for row in bench.siblings}
    return bench.available == 0 and all(before[code] == WorkStatus.COMPLETED for code in bench.work.after)


def _finish(tx: WriteTx, bench: Bench) -> None:
    bench.work.status = WorkStatus.COMPLETED
    bench.work.completed_at = tx.now
    _touch(tx, bench.work)
    _emit(
        tx,
        bench,
        OperationCompleted(work_order_id=bench.work.id, task_id=bench.task.id, operation=bench.work.code),
    )


def _touch(tx: WriteTx, work: ProductionWorkOrder) -> None:
    work.version += 1
    work.updated_at = tx.now
    tx.flush()


def _emit(
    tx: WriteTx, bench: Bench, event: OperationStarted | OperationReported | OperationCompleted
) -> None:
    tx.emit(
        event,
        subject=ref("production_work_order", bench.work.id),
        related=[ref(KIND, bench.task.id)],
        after={"status": bench.work.status},
    )
