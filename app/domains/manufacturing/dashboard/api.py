"""`/api/ppic/dashboard`."""

from typing import Annotated

from fastapi import Query

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.dashboard import queries, service
from app.domains.manufacturing.dashboard.schemas import (
    DashboardFilter,
    DrillDown,
    MoBottlenecks,
    MoMetrics,
    MoSummary,
)
from app.domains.manufacturing.orders import queries as tasks
from app.domains.manufacturing.orders import reading
from app.domains.manufacturing.orders.schemas import TaskRead
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import BadRequest
from app.kernel.tx import ReadTx

router = Router("/api/ppic/dashboard", tags=["Production"])
Wanted = Annotated[DashboardFilter, Query()]


@router.get("/mo-summary", permission=p.PPIC_VIEW, errors=[BadRequest])
def get_mo_summary(tx: ReadTx, wanted: Wanted) -> MoSummary:
    """How many tasks are in which state."""
    return service.summary(tx, wanted)


@router.get("/mo-metrics", permission=p.PPIC_VIEW, errors=[BadRequest])
def get_mo_metrics(tx: ReadTx, wanted: Wanted) -> MoMetrics:
    """How much was completed, how late, and how long it took."""
    return service.metrics(tx, wanted)


@router.get("/mo-bottlenecks", permission=p.PPIC_VIEW, errors=[BadRequest])
def get_mo_bottlenecks(tx: ReadTx, wanted: Wanted) -> MoBottlenecks:
    """What is late, in which department, and before which work centre work waits longest."""
    return service.bottlenecks(tx, wanted)


@router.get("/tasks", permission=p.PPIC_VIEW, errors=[BadRequest])
def list_dashboard_tasks(tx: ReadTx, wanted: Annotated[DrillDown, Query()]) -> Page[TaskRead]:
    """The tasks that a number of the dashboards counts."""
    return page(
        tx,
        queries.LISTED[wanted.measure],
        wanted,
        reading.read,
        keys=tasks.SORT,
        default="id",
        values=service.values(tx, wanted),
    )
