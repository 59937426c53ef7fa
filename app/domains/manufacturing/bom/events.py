"""Events of bills of materials."""

from datetime import datetime
from uuid import UUID

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class BomCreated(Event, type="bom.created", permission=p.WAREHOUSE_VIEW):
    """A bill of materials was made."""

    bom_id: UUID
    product_id: UUID
    bom_type: str


class BomRevised(Event, type="bom.revised", permission=p.WAREHOUSE_VIEW):
    """A bill of materials has a new revision, perhaps still a draft."""

    bom_id: UUID
    revision_id: UUID
    revision: str


class BomReleased(Event, type="bom.released", permission=p.WAREHOUSE_VIEW):
    """A revision was released; from `effective_from` on it is the one in force."""

    bom_id: UUID
    revision_id: UUID
    revision: str
    content_hash: str
    effective_from: datetime


class BomRetiredEvent(Event, type="bom.retired", permission=p.WAREHOUSE_VIEW):
    """A bill of materials was taken out of use; its revisions are kept."""

    bom_id: UUID


class MaterialChosen(Event, type="bom.material_chosen", permission=p.WAREHOUSE_VIEW):
    """Materials were chosen for a line; the decision can be replayed from what it was made of."""

    bom_id: UUID
    line_id: UUID
    selection_id: UUID
    mode: str
