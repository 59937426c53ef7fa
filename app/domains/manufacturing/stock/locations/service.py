"""Use cases of locations and lots."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.items.service import KnownItem
from app.domains.manufacturing.stock.errors import LocationLoop, LocationNotFound, LotNotFound
from app.domains.manufacturing.stock.events import LocationCreated, LocationUpdated, LotCreated
from app.domains.manufacturing.stock.locations.schemas import LocationCreate, LocationPatch, LotCreate
from app.domains.manufacturing.stock.models import Location, Lot
from app.domains.manufacturing.words import LocationKind, Tracking
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import ReadTx, WriteTx

_AFTER_ANY_PATH = "~"
STANDARD: tuple[tuple[str, str, LocationKind], ...] = (
    ("STOCK", "Stock", LocationKind.INTERNAL),
    ("SUPPLIER", "Suppliers", LocationKind.SUPPLIER),
    ("CUSTOMER", "Customers", LocationKind.CUSTOMER),
    ("PRODUCTION", "Production", LocationKind.PRODUCTION),
    ("LOSS", "Inventory loss", LocationKind.LOSS),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A location as moves see it."""

    id: UUID
    code: str
    kind: str
    path: str

    @property
    def holds_stock(self) -> bool:
        return self.kind == LocationKind.INTERNAL

    def within(self, other: "Place") -> bool:
        return self.path.startswith(other.path)


_PLACES = select(Location.id, Location.code, Location.kind, Location.path)
_THESE = _PLACES.where(Location.id == func.any(bindparam("ids", type_=ARRAY(Uuid()))))


def places(tx: ReadTx, location_ids: Collection[UUID]) -> dict[UUID, Place]:
    """Raises `LocationNotFound` when any of them is none of the tenant's."""
    found = {row.id: Place(*row) for row in tx.all(_THESE, {"ids": list(location_ids)})}
    if len(found) < len(set(location_ids)):
        raise LocationNotFound
    return found


def standard(tx: WriteTx, kind: LocationKind) -> Place:
    """The location that is meant when none of this kind is named."""
    query = _PLACES.where(Location.is_standard, Location.kind == kind.value)
    row = tx.first(query)
    if row is None:
        ensure_standard(tx)
        row = tx.one(query, LocationNotFound)
    return Place(*row)


def ensure_standard(tx: WriteTx) -> None:
    """Give the tenant the standard locations that it does not have. Safe to repeat and to race."""
    rows = []
    for code, name, kind in STANDARD:
        location_id = new_id()
        rows.append(
            {
                "tenant_id": tx.tenant_id,
                "id": location_id,
                "code": code,
                "name": name,
                "kind": kind.value,
                "path": _part(location_id),
                "is_standard": True,
                "created_at": tx.now,
                "updated_at": tx.now,
            }
        )
    tx.execute(insert(Location).on_conflict_do_nothing(), rows)


def create(tx: WriteTx, data: LocationCreate) -> Location:
    """Raises `LocationNotFound` for the parent; the database refuses a taken code."""
    if data.parent_id is not None:
        _lock_tree(tx)  # a move of an ancestor that is under way would not see the new row
    parent = _parent(tx, data.parent_id, data.kind)
    location_id = new_id()
    location = tx.add(
        Location(
            id=location_id,
            code=data.code,
            name=data.name,
            kind=data.kind.value,
            parent_id=data.parent_id,
            path=(parent.path if parent else "") + _part(location_id),
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit(
        LocationCreated(location_id=location.id, code=location.code),
        subject=ref("location", location.id),
        after=data.model_dump(mode="json"),
    )
    return location


def change(tx: WriteTx, location_id: UUID, data: LocationPatch) -> Location:
    """Rename or move; moves of one tenant's tree happen one at a time. Raises `LocationNotFound`, `LocationLoop`."""
    _lock_tree(tx)
    location = tx.get(select(Location).where(Location.id == location_id).with_for_update(), LocationNotFound)
    tx.match(location)
    before = {"name": location.name, "parent_id": _text(location.parent_id)}
    if data.name is not None:
        location.name = data.name
    if "parent_id" in data.model_fields_set:
        _move(tx, location, _parent(tx, data.parent_id, LocationKind(location.kind)))
    location.version += 1
    location.updated_at = tx.now
    tx.flush()
    tx.emit(
        LocationUpdated(location_id=location.id, code=location.code),
        subject=ref("location", location.id),
        before=before,
        after={"name": location.name, "parent_id": _text(location.parent_id)},
    )
    return location


def create_lot(tx: WriteTx, data: LotCreate) -> Lot:
    """Raises `ItemNotFound`; 422 for an item that is not tracked; the database refuses a taken code."""
    item = items.get(tx, data.item_id)
    if item.tracking == Tracking.NONE:
        raise invalid("item_id", "not_tracked", "The item is not tracked by lot or serial number.")
    lot = tx.add(
        Lot(
            **data.model_dump(),
            is_serial=item.tracking == Tracking.SERIAL,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    _announce(tx, lot.id, item, lot.code)
    return lot


def lots_by_code(
    tx: WriteTx,
    wanted: Mapping[tuple[UUID, str], date | None],
    known: Mapping[UUID, KnownItem],
    *,
    make: bool,
) -> dict[tuple[UUID, str], UUID]:
    """The lots of these items and codes; the values say when a lot that is made expires.

    Raises `LotNotFound` for one that there is not, unless `make`.
    """
    found = _lots(tx, wanted)
    fresh = [key for key in wanted if key not in found]
    if fresh and not make:
        raise LotNotFound(f"The item {known[fresh[0][0]].code} has no lot {fresh[0][1]!r}.")
    if fresh:
        _make_lots(tx, {key: wanted[key] for key in fresh}, known)
        found = _lots(tx, wanted)
    return found


def _lots(tx: WriteTx, wanted: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    pairs = set(wanted)
    rows = tx.execute(
        select(Lot.item_id, Lot.code, Lot.id).where(
            Lot.item_id.in_({item for item, _ in pairs}), Lot.code.in_({code for _, code in pairs})
        )
    )
    return {(row.item_id, row.code): row.id for row in rows if (row.item_id, row.code) in pairs}


def _make_lots(
    tx: WriteTx, fresh: Mapping[tuple[UUID, str], date | None], known: Mapping[UUID, KnownItem]
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "tenant_id": tx.tenant_id,
            "id": new_id(),
            "item_id": item_id,
            "code": code,
            "is_serial": known[item_id].tracking == Tracking.SERIAL,
            "expires_on": expires_on,
            "detail": {},
            "created_at": tx.now,
            "updated_at": tx.now,
        }
        for (item_id, code), expires_on in fresh.items()
    ]
    made = tx.execute(
        insert(Lot)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["tenant_id", "item_id", "code"])
        .returning(Lot.id, Lot.item_id, Lot.code)
    )
    for row in made.all():
        _announce(tx, row.id, known[row.item_id], row.code)


def _announce(tx: WriteTx, lot_id: UUID, item: KnownItem, code: str) -> None:
    tx.emit(
        LotCreated(lot_id=lot_id, item_id=item.id, code=code),
        subject=ref("lot", lot_id),
        related=[ref("item", item.id)],
    )


def _parent(tx: WriteTx, parent_id: UUID | None, kind: LocationKind) -> Location | None:
    if parent_id is None:
        return None
    parent = tx.get(select(Location).where(Location.id == parent_id), LocationNotFound)
    if parent.kind != kind:
        raise invalid("parent_id", "other_kind", f"{parent.code} is {parent.kind}, not {kind.value}.")
    return parent


def _move(tx: WriteTx, location: Location, parent: Location | None) -> None:
    if parent is not None and parent.path.startswith(location.path):
        raise LocationLoop(f"{parent.code} is {location.code} or lies below it.")
    old, new = location.path, (parent.path if parent else "") + _part(location.id)
    below: Any = (
        update(Location)
        .where(Location.path >= old, Location.path < old + _AFTER_ANY_PATH, Location.id != location.id)
        .values(
            path=new + func.substr(Location.path, len(old) + 1),
            version=Location.version + 1,
            updated_at=tx.now,
        )
        .execution_options(synchronize_session=False)
    )
    tx.execute(below)
    location.path = new
    location.parent_id = parent.id if parent else None


def _lock_tree(tx: WriteTx) -> None:
    tx.conn.exec_driver_sql(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"location:{tx.tenant_id}"}
    )


def _part(location_id: UUID) -> str:
    return f"{location_id.hex}/"


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
