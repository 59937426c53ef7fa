"""`/api/assets/maintenance/workorders`."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains import manufacturing
from app.domains.assets import permissions as p
from app.domains.assets.errors import (
    AssetNotFound,
    AssetRetired,
    WorkOrderNotFound,
    WorkOrderTransitionRefused,
)
from app.domains.assets.work_orders import queries, service
from app.domains.assets.work_orders.models import WorkOrder
from app.domains.assets.work_orders.schemas import (
    WorkOrderClose,
    WorkOrderCreate,
    WorkOrderFilter,
    WorkOrderHistoryRead,
    WorkOrderRead,
    WorkOrderTransition,
)
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.events.envelope import ref
from app.kernel.tx import AnyRow, ReadTx, WriteTx

router = Router("/api/assets/maintenance/workorders", tags=["Maintenance"])


@router.post("", permission=p.MAINTENANCE_WRITE, status_code=201, errors=[AssetNotFound, AssetRetired])
def create_work_order(body: WorkOrderCreate, tx: WriteTx) -> WorkOrderRead:
    """Open a work order on an asset."""
    return _read(tx, service.open_order(tx, body).id)


@router.get("", permission=p.MAINTENANCE_READ)
def list_work_orders(tx: ReadTx, wanted: Annotated[WorkOrderFilter, Query()]) -> Page[WorkOrderRead]:
    """Work orders, oldest first."""
    rows: Page[AnyRow] = page(
        tx, queries.filtered(wanted), wanted, lambda row: row, keys=queries.SORT, default="id"
    )
    return Page(_costed(tx, rows.items), rows.next_cursor, rows.total)


@router.get("/{work_order_id:uuid}", permission=p.MAINTENANCE_READ, errors=[WorkOrderNotFound])
def get_work_order(work_order_id: UUID, tx: ReadTx) -> WorkOrderRead:
    """One work order."""
    return _read(tx, work_order_id)


@router.post(
    "/{work_order_id:uuid}/transition",
    permission=p.MAINTENANCE_WRITE,
    errors=[WorkOrderNotFound, WorkOrderTransitionRefused],
)
def transition_work_order(work_order_id: UUID, body: WorkOrderTransition, tx: WriteTx) -> WorkOrderRead:
    """Move a work order, or hand it to somebody else. In progress, it holds its asset."""
    return _read(tx, service.move(tx, work_order_id, body).id)


@router.post(
    "/{work_order_id:uuid}/close",
    permission=p.MAINTENANCE_WRITE,
    errors=[WorkOrderNotFound, WorkOrderTransitionRefused],
)
def close_work_order(work_order_id: UUID, body: WorkOrderClose, tx: WriteTx) -> WorkOrderRead:
    """Close a work order and give its asset back."""
    return _read(tx, service.close(tx, work_order_id, body).id)


@router.get("/{work_order_id:uuid}/history", permission=p.MAINTENANCE_READ, errors=[WorkOrderNotFound])
def get_work_order_history(work_order_id: UUID, tx: ReadTx) -> list[WorkOrderHistoryRead]:
    """What happened to a work order, oldest first."""
    tx.one(select(WorkOrder.id).where(WorkOrder.id == work_order_id), WorkOrderNotFound)
    return [WorkOrderHistoryRead.model_validate(row) for row in tx.all(queries.history(work_order_id))]


def _read(tx: ReadTx, work_order_id: UUID) -> WorkOrderRead:
    found = queries.work_orders().where(WorkOrder.id == work_order_id)
    return _costed(tx, [tx.one(found, WorkOrderNotFound)])[0]


def _costed(tx: ReadTx, rows: Sequence[AnyRow]) -> list[WorkOrderRead]:
    """Work orders with what their parts cost, which the warehouse knows."""
    costs = manufacturing.costs_of(tx, [ref("workorder", row.id) for row in rows])
    return [
        WorkOrderRead.model_validate(
            dict(row._mapping) | {"parts_cost": costs[ref("workorder", row.id)]}  # noqa: SLF001 public API
        )
        for row in rows
    ]
