"""Reading items."""

from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.items.schemas import ItemFilter
from app.domains.manufacturing.units.models import Unit
from app.kernel.tx import AnySelect

SORT = {"id": Item.id, "code": Item.code, "name": Item.name, "created_at": Item.created_at}

_ITEMS = select(*(c for c in Item.__table__.c if c.name != "unit_id"), Unit.code.label("uom")).join(
    Unit, (Unit.tenant_id == Item.tenant_id) & (Unit.id == Item.unit_id)
)


def one(item_id: UUID) -> AnySelect:
    return _ITEMS.where(Item.id == item_id)


def filtered(wanted: ItemFilter) -> AnySelect:
    statement = _ITEMS
    if wanted.code is not None:
        statement = statement.where(Item.code == wanted.code)
    if wanted.item_type is not None:
        statement = statement.where(Item.item_type == wanted.item_type.value)
    if wanted.tracking is not None:
        statement = statement.where(Item.tracking == wanted.tracking.value)
    if wanted.is_active is not None:
        statement = statement.where(Item.is_active == wanted.is_active)
    return statement
