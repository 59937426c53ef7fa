"""`/api/ppic/work-centers` and `/api/ppic/routings`."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.routing import queries, service
from app.domains.manufacturing.routing.errors import (
    RoutingLoop,
    RoutingNotFound,
    WorkCenterCodeTaken,
    WorkCenterHoursOverlap,
    WorkCenterNotFound,
)
from app.domains.manufacturing.routing.models import Routing, WorkCenter
from app.domains.manufacturing.routing.schemas import (
    RoutingCreate,
    RoutingFilter,
    RoutingRead,
    WorkCenterCreate,
    WorkCenterPatch,
    WorkCenterRead,
)
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import AnyRow, ReadTx, WriteTx

centers = Router("/api/ppic/work-centers", tags=["Production"])
routings = Router("/api/ppic/routings", tags=["Production"])


@centers.post(
    "",
    permission=p.PPIC_CREATE,
    status_code=201,
    errors=[WorkCenterCodeTaken, WorkCenterHoursOverlap],
)
def create_work_center(body: WorkCenterCreate, tx: WriteTx) -> WorkCenterRead:
    """Set up a work centre with its opening hours."""
    return _center(tx, service.create_center(tx, body))


@centers.get("", permission=p.PPIC_VIEW)
def list_work_centers(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[WorkCenterRead]:
    """Work centres by code."""
    found = page(tx, queries.CENTERS, wanted, _plain, keys=queries.CENTER_SORT, default="code")
    return Page(_centers(tx, found.items), found.next_cursor, found.total)


@centers.get("/{work_center_id:uuid}", permission=p.PPIC_VIEW, errors=[WorkCenterNotFound])
def get_work_center(work_center_id: UUID, tx: ReadTx) -> WorkCenterRead:
    """One work centre."""
    return _center(tx, work_center_id)


@centers.patch(
    "/{work_center_id:uuid}",
    permission=p.PPIC_UPDATE,
    errors=[WorkCenterNotFound, WorkCenterHoursOverlap],
)
def change_work_center(work_center_id: UUID, body: WorkCenterPatch, tx: WriteTx) -> WorkCenterRead:
    """Change a work centre; new hours replace the old ones."""
    service.change_center(tx, work_center_id, body)
    return _center(tx, work_center_id)


@routings.post(
    "",
    permission=p.PPIC_CREATE,
    status_code=201,
    errors=[ItemNotFound, WorkCenterNotFound, RoutingLoop],
)
def create_routing(body: RoutingCreate, tx: WriteTx) -> RoutingRead:
    """Say how a product is made from now on; tasks that are drafted already keep theirs."""
    return _routing(tx, service.create_routing(tx, body))


@routings.get("", permission=p.PPIC_VIEW)
def list_routings(tx: ReadTx, wanted: Annotated[RoutingFilter, Query()]) -> Page[RoutingRead]:
    """Routings, oldest first; retired ones with `active_only=false`."""
    found = page(tx, queries.routings(wanted), wanted, _plain, keys=queries.ROUTING_SORT, default="id")
    return Page(_routings(tx, found.items), found.next_cursor, found.total)


@routings.get("/{routing_id:uuid}", permission=p.PPIC_VIEW, errors=[RoutingNotFound])
def get_routing(routing_id: UUID, tx: ReadTx) -> RoutingRead:
    """One routing with its operations."""
    return _routing(tx, routing_id)


@routings.delete("/{routing_id:uuid}", permission=p.PPIC_DELETE, errors=[RoutingNotFound])
def retire_routing(routing_id: UUID, tx: WriteTx) -> None:
    """Use a routing for new tasks no more; it stays readable."""
    service.retire_routing(tx, routing_id)


def _plain(row: AnyRow) -> AnyRow:
    return row


def _center(tx: ReadTx, center_id: UUID) -> WorkCenterRead:
    row = tx.one(queries.CENTERS.where(WorkCenter.id == center_id), WorkCenterNotFound)
    return _centers(tx, [row])[0]


def _centers(tx: ReadTx, rows: Sequence[AnyRow]) -> list[WorkCenterRead]:
    hours: dict[UUID, list[Any]] = {row.id: [] for row in rows}
    for window in tx.all(queries.hours(list(hours))) if hours else ():
        hours[window.work_center_id].append(window)
    return [
        WorkCenterRead.model_validate({**row._mapping, "hours": service.hours_of(hours[row.id])})  # noqa: SLF001
        for row in rows
    ]


def _routing(tx: ReadTx, routing_id: UUID) -> RoutingRead:
    row = tx.one(select(*Routing.__table__.c).where(Routing.id == routing_id), RoutingNotFound)
    return _routings(tx, [row])[0]


def _routings(tx: ReadTx, rows: Sequence[AnyRow]) -> list[RoutingRead]:
    steps: dict[UUID, list[Any]] = {row.id: [] for row in rows}
    for step in tx.all(queries.operations(list(steps))) if steps else ():
        steps[step.routing_id].append(step)
    return [RoutingRead.model_validate({**row._mapping, "operations": steps[row.id]}) for row in rows]  # noqa: SLF001
