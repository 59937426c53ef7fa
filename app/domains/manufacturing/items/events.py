"""Events of items."""

from uuid import UUID

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class ItemCreated(Event, type="item.created", permission=p.WAREHOUSE_VIEW):
    """An item was defined."""

    item_id: UUID
    code: str
    item_type: str


class ItemUpdated(Event, type="item.updated", permission=p.WAREHOUSE_VIEW):
    """An item changed; `changed` names the fields."""

    item_id: UUID
    code: str
    changed: list[str]
