"""Events of units."""

from uuid import UUID

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class UnitCreated(Event, type="unit.created", permission=p.WAREHOUSE_VIEW):
    """A unit of measure was defined."""

    unit_id: UUID
    code: str


class UnitUpdated(Event, type="unit.updated", permission=p.WAREHOUSE_VIEW):
    """A unit was renamed."""

    unit_id: UUID
    code: str


class UnitDeleted(Event, type="unit.deleted", permission=p.WAREHOUSE_VIEW):
    """A unit that nothing used was taken away."""

    unit_id: UUID
    code: str
