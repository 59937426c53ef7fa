"""Parts of a work order: kept, taken and brought back through the warehouse, in one transaction with the order."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.domains import manufacturing
from app.domains.assets.errors import WorkOrderNotFound, WorkOrderTransitionRefused
from app.domains.assets.parts.schemas import (
    PartsAction,
    PartShortageRead,
    PartsMove,
    WorkOrderPartRead,
    WorkOrderPartsRead,
)
from app.domains.assets.words import WorkOrderStatus
from app.domains.assets.work_orders.models import WorkOrder
from app.domains.assets.work_orders.service import locked
from app.domains.assets.work_orders.transitions import TERMINAL
from app.domains.manufacturing import Line, Shortage
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import ReadTx, WriteTx


def move(tx: WriteTx, work_order_id: UUID, data: PartsMove) -> list[Shortage]:
    """What could not be kept. Finished work only gives parts back.

    Raises `WorkOrderNotFound`, `WorkOrderTransitionRefused`, `ItemNotFound`, `LocationNotFound`,
    `InsufficientStock`, `NothingToReturn`; 422 where lines are missing.
    """
    order = locked(tx, work_order_id)
    action, about = data.action, ref("workorder", order.id)
    if action in {PartsAction.RESERVE, PartsAction.ISSUE} and WorkOrderStatus(order.status) in TERMINAL:
        raise WorkOrderTransitionRefused(f"The work order is {order.status}; it takes no parts.", allowed=[])
    if action is PartsAction.ISSUE:
        manufacturing.issue_parts(tx, about, None if data.lines is None else _lines(data))
    elif action is PartsAction.RELEASE:
        manufacturing.release_parts(tx, about, None if data.lines is None else _lines(data))
    elif action is PartsAction.RETURN:
        manufacturing.return_parts(tx, about, _lines(data))
    else:
        return manufacturing.reserve_parts(tx, about, _lines(data)).shortages
    return []


def read(tx: ReadTx, work_order_id: UUID, shortages: Sequence[Shortage] = ()) -> WorkOrderPartsRead:
    """Raises `WorkOrderNotFound`."""
    tx.one(select(WorkOrder.id).where(WorkOrder.id == work_order_id), WorkOrderNotFound)
    about = ref("workorder", work_order_id)
    return WorkOrderPartsRead(
        workorder_id=work_order_id,
        parts=[WorkOrderPartRead.model_validate(part) for part in manufacturing.parts_of(tx, about)],
        parts_cost=manufacturing.costs_of(tx, [about])[about],
        shortages=[PartShortageRead.model_validate(shortage) for shortage in shortages],
    )


def _lines(data: PartsMove) -> list[Line]:
    if data.lines is None:
        raise invalid("lines", "missing", f"{data.action.value} needs lines.")
    return [
        Line(line.item_id, line.quantity, location_id=line.location_id, lot_id=line.lot_id)
        for line in data.lines
    ]
