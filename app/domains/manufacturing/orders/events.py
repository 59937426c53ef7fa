"""Events of manufacturing orders."""

from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class BuiltFromLine(BaseModel):
    """One lot of a component that is in the unit."""

    item_id: UUID
    item_code: str
    lot_id: UUID | None
    lot_code: str | None
    quantity: Decimal


class TaskCreated(Event, type="production.created", permission=p.PPIC_VIEW):
    """A manufacturing order was drafted; it pins the released revision of its product."""

    task_id: UUID
    product_id: UUID
    revision_id: UUID | None
    qty_planned: Decimal


class TaskChanged(Event, type="production.changed", permission=p.PPIC_VIEW):
    """The due date, priority, department or line of a manufacturing order changed."""

    task_id: UUID


class TaskApproved(Event, type="production.approved", permission=p.PPIC_VIEW):
    """A manufacturing order was approved and what is on hand reserved for it."""

    task_id: UUID
    material_status: str


class TaskStarted(Event, type="production.started", permission=p.PPIC_VIEW):
    """A manufacturing order was started; the first operations of its routing are open."""

    task_id: UUID


class TaskHeld(Event, type="production.held", permission=p.PPIC_VIEW):
    """A manufacturing order was put on hold."""

    task_id: UUID


class TaskResumed(Event, type="production.resumed", permission=p.PPIC_VIEW):
    """A manufacturing order on hold goes on."""

    task_id: UUID


class TaskCancelled(Event, type="production.cancelled", permission=p.PPIC_VIEW):
    """A manufacturing order was cancelled; what was reserved for it is free again, what was issued is back."""

    task_id: UUID


class TaskMaterialReserved(Event, type="production.reserved", permission=p.PPIC_VIEW):
    """More of what a manufacturing order needs was reserved."""

    task_id: UUID
    material_status: str


class TaskMaterialIssued(Event, type="production.issued", permission=p.PPIC_VIEW):
    """Components were taken out of stock for a manufacturing order."""

    task_id: UUID
    lines: int


class TaskComponentChanged(Event, type="production.component_changed", permission=p.PPIC_VIEW):
    """A component of a manufacturing order is consumed by itself from now on, or only when it is issued."""

    task_id: UUID
    item_id: UUID
    consumption: str


class TaskReceived(Event, type="production.received", permission=p.PPIC_VIEW):
    """Part of a manufacturing order's output was received into stock."""

    task_id: UUID
    quantity: Decimal


class TaskCompleted(Event, type="production.completed", permission=p.PPIC_VIEW):
    """A manufacturing order was completed with what was made in all."""

    task_id: UUID
    product_id: UUID
    actual_quantity: Decimal
    variance_class: str


class UnitBuilt(Event, type="production.unit_built", permission=p.PPIC_VIEW):
    """One serial-numbered unit was finished. With an asset_type it becomes an asset, in the same transaction."""

    task_id: UUID
    product_id: UUID
    product_code: str
    product_name: str
    asset_type: str | None
    lot_id: UUID
    serial: str
    built_from: list[BuiltFromLine]
