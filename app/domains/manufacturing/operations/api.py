"""`/api/ppic/work-orders`: the operations of tasks."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.operations import service as operations
from app.domains.manufacturing.operations.schemas import MaterialReadiness
from app.domains.manufacturing.orders.errors import MaterialMissing
from app.domains.manufacturing.routing import queries
from app.domains.manufacturing.routing.errors import (
    InputExceeded,
    ProductionWorkOrderNotFound,
    WorkCenterFull,
    WorkMoveRefused,
)
from app.domains.manufacturing.routing.models import ProductionWorkOrder
from app.domains.manufacturing.routing.schemas import (
    OperationReport,
    ProductionWorkOrderRead,
    ReportRead,
    WorkOrderFilter,
)
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/ppic/work-orders", tags=["Production"])
_ONE = "/{production_work_order_id:uuid}"


@router.get("", permission=p.PPIC_VIEW)
def list_production_work_orders(
    tx: ReadTx, wanted: Annotated[WorkOrderFilter, Query()]
) -> Page[ProductionWorkOrderRead]:
    """Work orders of tasks, oldest first."""
    return page(
        tx,
        queries.work(wanted),
        wanted,
        ProductionWorkOrderRead.model_validate,
        keys=queries.WORK_SORT,
        default="id",
    )


@router.get(_ONE, permission=p.PPIC_VIEW, errors=[ProductionWorkOrderNotFound])
def get_production_work_order(production_work_order_id: UUID, tx: ReadTx) -> ProductionWorkOrderRead:
    """One work order."""
    return _read(tx, production_work_order_id)


@router.get(f"{_ONE}/readiness", permission=p.PPIC_VIEW, errors=[ProductionWorkOrderNotFound])
def get_operation_readiness(production_work_order_id: UUID, tx: ReadTx) -> MaterialReadiness:
    """Whether the operation's material is there, and how many units may go in."""
    return operations.readiness(tx, production_work_order_id)


@router.get(f"{_ONE}/reports", permission=p.PPIC_VIEW, errors=[ProductionWorkOrderNotFound])
def list_operation_reports(production_work_order_id: UUID, tx: ReadTx) -> list[ReportRead]:
    """What was reported, oldest first."""
    _read(tx, production_work_order_id)
    return [ReportRead.model_validate(row) for row in tx.all(queries.reports(production_work_order_id))]


@router.post(
    f"{_ONE}:start",
    permission=p.PPIC_UPDATE,
    errors=[ProductionWorkOrderNotFound, WorkMoveRefused, WorkCenterFull, MaterialMissing],
)
def start_operation(production_work_order_id: UUID, tx: WriteTx) -> ProductionWorkOrderRead:
    """Begin an operation; its material must be there."""
    operations.start(tx, production_work_order_id)
    return _read(tx, production_work_order_id)


@router.post(
    f"{_ONE}:report",
    permission=p.PPIC_UPDATE,
    errors=[ProductionWorkOrderNotFound, WorkMoveRefused, InputExceeded],
)
def report_operation(
    production_work_order_id: UUID, body: OperationReport, tx: WriteTx
) -> ProductionWorkOrderRead:
    """Report units: good, scrap, or to be reworked. As often as you like."""
    operations.report(tx, production_work_order_id, body)
    return _read(tx, production_work_order_id)


def _read(tx: ReadTx, work_order_id: UUID) -> ProductionWorkOrderRead:
    row = tx.one(
        select(*queries.WORK.selected_columns).where(ProductionWorkOrder.id == work_order_id),
        ProductionWorkOrderNotFound,
    )
    return ProductionWorkOrderRead.model_validate(row)
