"""Use cases of items."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, column, exists, func, select, table

from app.domains.manufacturing.items.errors import ItemInUse, ItemNotFound
from app.domains.manufacturing.items.events import ItemCreated, ItemUpdated
from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.items.schemas import ItemCreate, ItemPatch
from app.domains.manufacturing.quantities import plain
from app.domains.manufacturing.units import service as units
from app.domains.manufacturing.units.models import Unit
from app.domains.manufacturing.words import ItemType, LotPolicy, Tracking
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import AnyRow, ReadTx, WriteTx

_MOVE = table("stock_move", column("item_id"))
_CLEARABLE = {"standard_cost", "asset_type", "lot_size", "lot_multiple", "lot_days"}


@dataclass(frozen=True, slots=True)
class KnownItem:
    """What other slices need of an item. `uom` is its unit's code."""

    id: UUID
    code: str
    name: str
    item_type: str
    uom: str
    tracking: str
    pick_policy: str
    lead_time_days: int
    standard_cost: Decimal | None
    asset_type: str | None
    is_active: bool


_COLUMNS = select(
    Item.id,
    Item.code,
    Item.name,
    Item.item_type,
    Unit.code.label("uom"),
    Item.tracking,
    Item.pick_policy,
    Item.lead_time_days,
    Item.standard_cost,
    Item.asset_type,
    Item.is_active,
).join(Unit, (Unit.tenant_id == Item.tenant_id) & (Unit.id == Item.unit_id))
_THESE = Item.id == func.any(bindparam("item_ids", type_=ARRAY(Uuid())))
_GET = _COLUMNS.where(_THESE)
_LOCK = _GET.order_by(Item.id).with_for_update(of=Item, key_share=True)


def get(tx: ReadTx, item_id: UUID) -> KnownItem:
    """Raises `ItemNotFound`."""
    return _known(tx.one(_COLUMNS.where(Item.id == item_id), ItemNotFound))


def get_many(tx: ReadTx, item_ids: Collection[UUID]) -> dict[UUID, KnownItem]:
    """Raises `ItemNotFound` when any of them is none of the tenant's."""
    return _all(tx.all(_GET, {"item_ids": list(item_ids)}), item_ids)


def lock(tx: WriteTx, item_ids: Collection[UUID]) -> dict[UUID, KnownItem]:
    """Hold these items, in the order of their ids: whoever changes an item's stock takes this lock first.

    Rows that refer to an item can still be written meanwhile. Raises `ItemNotFound`.
    """
    return _all(tx.execute(_LOCK, {"item_ids": list(item_ids)}).all(), item_ids)


def create(tx: WriteTx, data: ItemCreate) -> Item:
    """422 for an unknown unit and for rules that don't fit together; the database refuses a taken code."""
    (unit,) = units.find(tx, data.uom)
    item = Item(**data.model_dump(exclude={"uom"}), unit_id=unit.id, created_at=tx.now, updated_at=tx.now)
    _check(item)
    tx.add(item)
    tx.emit(
        ItemCreated(item_id=item.id, code=item.code, item_type=item.item_type),
        subject=ref("item", item.id),
        after=data.model_dump(mode="json") | {"uom": unit.code},
    )
    return item


def change(tx: WriteTx, item_id: UUID, data: ItemPatch) -> Item:
    """Raises `ItemNotFound`, `ItemInUse`; 422 as in `create`."""
    item = tx.get(select(Item).where(Item.id == item_id).with_for_update(key_share=True), ItemNotFound)
    tx.match(item)
    given = _given(data)
    _refuse_new_meaning(tx, item, data)
    before = {name: _json(getattr(item, name)) for name in given}
    for name, value in given.items():
        setattr(item, name, _merged(item.detail, value) if name == "detail" else value)
    _check(item)
    item.version += 1
    item.updated_at = tx.now
    tx.flush()
    tx.emit(
        ItemUpdated(item_id=item.id, code=item.code, changed=sorted(given)),
        subject=ref("item", item.id),
        before=before,
        after={name: _json(getattr(item, name)) for name in given},
    )
    return item


def _given(data: ItemPatch) -> dict[str, Any]:
    return {
        name: value
        for name, value in data.model_dump(exclude_unset=True, exclude={"uom"}).items()
        if value is not None or name in _CLEARABLE
    }


def _refuse_new_meaning(tx: WriteTx, item: Item, data: ItemPatch) -> None:
    if data.uom is not None and units.find(tx, data.uom)[0].id != item.unit_id:
        raise ItemInUse("Quantities of the item are in its unit, so the unit stays; define another item.")
    if data.tracking is not None and data.tracking != item.tracking and _has_moved(tx, item.id):
        raise ItemInUse("Stock of the item has moved, so its tracking stays.")
    if data.item_type is ItemType.SERVICE and _has_moved(tx, item.id):
        raise ItemInUse("Stock of the item has moved, so it can't be a service.")


def _has_moved(tx: ReadTx, item_id: UUID) -> bool:
    return bool(tx.scalar(select(exists().where(_MOVE.c.item_id == item_id))))


def _check(item: Item) -> None:
    """The rules between fields, before the database says the same without naming a field."""
    if item.asset_type is not None and item.tracking != Tracking.SERIAL:
        raise invalid("asset_type", "needs_serial", "Only what is tracked by SERIAL becomes an asset.")
    if item.item_type == ItemType.SERVICE and item.tracking != Tracking.NONE:
        raise invalid("tracking", "service", "A service has no stock, so there is nothing to track.")
    needed = {
        LotPolicy.FIXED: ("lot_size",),
        LotPolicy.MIN_MULTIPLE: ("lot_size", "lot_multiple"),
        LotPolicy.PERIOD: ("lot_days",),
    }.get(LotPolicy(item.lot_policy), ())
    for name in needed:
        if getattr(item, name) is None:
            raise invalid(name, "needed", f"The lot policy {item.lot_policy} needs {name}.")


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (old | new).items() if value is not None}


def _json(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value


def _known(row: AnyRow) -> KnownItem:
    return KnownItem(*row)


def _all(rows: Collection[AnyRow], wanted: Collection[UUID]) -> dict[UUID, KnownItem]:
    found = {row.id: _known(row) for row in rows}
    missing = [item_id for item_id in wanted if item_id not in found]
    if missing:
        raise ItemNotFound(f"There is no item {missing[0]}.")
    return found
