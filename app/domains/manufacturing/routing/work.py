"""Work orders as their task needs them: opened when it starts, closed when it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, update

from app.domains.manufacturing.routing.calendar import Hours, end_of_work, first_open
from app.domains.manufacturing.routing.models import ProductionWorkOrder, RoutingOperation, WorkCenterHours
from app.domains.manufacturing.routing.network import order
from app.domains.manufacturing.routing.words import WorkStatus
from app.kernel.db.bulk import insert_rows
from app.kernel.ids import new_id
from app.kernel.tx import AnyRow, ReadTx, WriteTx

W = ProductionWorkOrder
UNFINISHED = (WorkStatus.WAITING.value, WorkStatus.OPEN.value, WorkStatus.IN_PROGRESS.value)
_COLUMNS = (
    "tenant_id", "id", "order_id", "position", "code", "name", "work_center_id", "after", "setup_seconds",
    "run_seconds", "status", "qty_planned", "expected_start_at", "expected_end_at", "version", "created_at",
    "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """A step of a routing, as a work order takes it over."""

    code: str
    name: str
    work_center_id: UUID | None
    setup_seconds: Decimal
    run_seconds: Decimal
    after: tuple[str, ...]


# A product without a routing is made in one step.
WHOLE = Operation("MAKE", "Make", None, Decimal(0), Decimal(0), ())


def open_for(tx: WriteTx, tasks: Sequence[AnyRow]) -> None:
    """One work order for each operation of each task; those that wait for none are open."""
    routings = _operations(tx, {task.routing_id for task in tasks if task.routing_id})
    hours = _hours(tx, {op.work_center_id for ops in routings.values() for op in ops if op.work_center_id})
    rows = []
    for task in tasks:
        operations = routings.get(task.routing_id) or [WHOLE]
        times = _times(operations, task.qty_planned, tx.now, hours)
        for position, op in enumerate(operations, 1):
            status = WorkStatus.WAITING if op.after else WorkStatus.OPEN
            rows.append(
                (
                    tx.tenant_id,
                    new_id(),
                    task.id,
                    position,
                    op.code,
                    op.name,
                    op.work_center_id,
                    list(op.after),
                    op.setup_seconds,
                    op.run_seconds,
                    status.value,
                    task.qty_planned,
                    *times[op.code],
                    1,
                    tx.now,
                    tx.now,
                )
            )
    insert_rows(tx.conn, W.__table__, _COLUMNS, rows)  # type: ignore[arg-type]


def cancel_for(tx: WriteTx, task_ids: Sequence[UUID]) -> None:
    _end(tx, task_ids, WorkStatus.CANCELLED)


def complete_for(tx: WriteTx, task_ids: Sequence[UUID]) -> None:
    """What was reported stays as it is; nothing more can be."""
    _end(tx, task_ids, WorkStatus.COMPLETED)


def _end(tx: WriteTx, task_ids: Sequence[UUID], status: WorkStatus) -> None:
    tx.execute(
        update(W)
        .where(W.order_id.in_(task_ids), W.status.in_(UNFINISHED))
        .values(status=status.value, completed_at=tx.now, version=W.version + 1, updated_at=tx.now)
    )


def _operations(tx: ReadTx, routing_ids: set[UUID]) -> dict[UUID, list[Operation]]:
    r = RoutingOperation
    found: dict[UUID, list[Operation]] = {}
    if not routing_ids:
        return found
    for row in tx.all(
        select(*r.__table__.c).where(r.routing_id.in_(routing_ids)).order_by(r.routing_id, r.position)
    ):
        found.setdefault(row.routing_id, []).append(
            Operation(
                row.code, row.name, row.work_center_id, row.setup_seconds, row.run_seconds, tuple(row.after)
            )
        )
    return found


def _hours(tx: ReadTx, center_ids: set[UUID]) -> dict[UUID, list[Hours]]:
    h = WorkCenterHours
    found: dict[UUID, list[Hours]] = {}
    if not center_ids:
        return found
    for row in tx.all(select(*h.__table__.c).where(h.work_center_id.in_(center_ids))):
        found.setdefault(row.work_center_id, []).append(
            Hours(row.weekday, row.opens_minute, row.closes_minute)
        )
    return found


def _times(
    operations: Sequence[Operation], units: Decimal, now: datetime, hours: dict[UUID, list[Hours]]
) -> dict[str, tuple[datetime, datetime]]:
    """When each operation is expected to begin and end, if nothing else is in its way."""
    by_code = {op.code: op for op in operations}
    found: dict[str, tuple[datetime, datetime]] = {}
    for code in order({op.code: op.after for op in operations}):
        op = by_code[code]
        open_hours = hours.get(op.work_center_id, []) if op.work_center_id else []
        begins = first_open(max((found[before][1] for before in op.after), default=now), open_hours)
        seconds = op.setup_seconds + op.run_seconds * units
        found[code] = (begins, end_of_work(begins, float(seconds), open_hours))
    return found
