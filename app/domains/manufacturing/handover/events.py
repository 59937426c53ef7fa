"""Events of lines and hand-overs."""

from decimal import Decimal
from uuid import UUID

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class LineCreated(Event, type="production.line_created", permission=p.PPIC_VIEW):
    """A production line was set up."""

    production_line_id: UUID
    code: str


class LineCleared(Event, type="production.line_cleared", permission=p.PPIC_VIEW):
    """A production line was cleared; another product may enter."""

    production_line_id: UUID
    product_id: UUID


class HandoverSent(Event, type="production.handover_sent", permission=p.PPIC_VIEW):
    """A department sent a task on; the next one has to accept it."""

    handover_id: UUID
    task_id: UUID
    to_department: str
    quantity: Decimal


class HandoverAnswered(Event, type="production.handover_decided", permission=p.PPIC_VIEW):
    """A hand-over was accepted, rejected or withdrawn."""

    handover_id: UUID
    task_id: UUID
    status: str
