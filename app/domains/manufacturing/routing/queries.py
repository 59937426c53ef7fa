"""Reading work centres, routings and work orders."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.routing.models import (
    ProductionReport,
    ProductionWorkOrder,
    Routing,
    RoutingOperation,
    WorkCenter,
    WorkCenterHours,
)
from app.domains.manufacturing.routing.schemas import RoutingFilter, WorkOrderFilter
from app.kernel.tx import AnySelect

W = ProductionWorkOrder
CENTER_SORT = {"id": WorkCenter.id, "code": WorkCenter.code}
ROUTING_SORT = {"id": Routing.id, "created_at": Routing.created_at}
WORK_SORT = {"id": W.id, "created_at": W.created_at}
CENTERS: AnySelect = select(*WorkCenter.__table__.c)
WORK: AnySelect = select(*W.__table__.c, W.order_id.label("task_id"))


def hours(center_ids: Sequence[UUID]) -> AnySelect:
    h = WorkCenterHours
    return (
        select(*h.__table__.c)
        .where(h.work_center_id.in_(center_ids))
        .order_by(h.work_center_id, h.weekday, h.opens_minute)
    )


def routings(wanted: RoutingFilter) -> AnySelect:
    found: AnySelect = select(*Routing.__table__.c)
    if wanted.product_id is not None:
        found = found.where(Routing.product_id == wanted.product_id)
    return found.where(Routing.is_active) if wanted.active_only else found


def operations(routing_ids: Sequence[UUID]) -> AnySelect:
    o = RoutingOperation
    return select(*o.__table__.c).where(o.routing_id.in_(routing_ids)).order_by(o.routing_id, o.position)


def work(wanted: WorkOrderFilter) -> AnySelect:
    found = WORK
    if wanted.task_id is not None:
        found = found.where(W.order_id == wanted.task_id)
    if wanted.work_center_id is not None:
        found = found.where(W.work_center_id == wanted.work_center_id)
    if wanted.status is not None:
        found = found.where(W.status == wanted.status.value)
    return found


def reports(work_order_id: UUID) -> AnySelect:
    r = ProductionReport
    return select(*r.__table__.c).where(r.work_order_id == work_order_id).order_by(r.at, r.id)
