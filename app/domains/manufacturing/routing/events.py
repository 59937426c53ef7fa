"""Events of work centres, routings and work orders."""

from decimal import Decimal
from uuid import UUID

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class WorkCenterCreated(Event, type="production.work_center_created", permission=p.PPIC_VIEW):
    """A work centre was set up."""

    work_center_id: UUID
    code: str


class WorkCenterChanged(Event, type="production.work_center_changed", permission=p.PPIC_VIEW):
    """A work centre's name, department, capacity or hours changed."""

    work_center_id: UUID


class RoutingCreated(Event, type="production.routing_created", permission=p.PPIC_VIEW):
    """A product got a routing; tasks drafted from now on follow it."""

    routing_id: UUID
    product_id: UUID


class RoutingRetired(Event, type="production.routing_retired", permission=p.PPIC_VIEW):
    """A routing is used for new tasks no more."""

    routing_id: UUID
    product_id: UUID


class OperationStarted(Event, type="production.operation_started", permission=p.PPIC_VIEW):
    """Work on an operation of a task began."""

    work_order_id: UUID
    task_id: UUID
    operation: str


class OperationReported(Event, type="production.operation_reported", permission=p.PPIC_VIEW):
    """Units of an operation were reported: good, scrap, or to be reworked."""

    work_order_id: UUID
    task_id: UUID
    operation: str
    good: Decimal
    scrap: Decimal
    rework: Decimal


class OperationCompleted(Event, type="production.operation_completed", permission=p.PPIC_VIEW):
    """An operation of a task is done."""

    work_order_id: UUID
    task_id: UUID
    operation: str
