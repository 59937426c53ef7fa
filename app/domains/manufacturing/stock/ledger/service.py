"""Use cases of the ledger: moving, reversing, counting, receiving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy import func, select

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.items.service import KnownItem
from app.domains.manufacturing.permissions import WAREHOUSE_APPROVE
from app.domains.manufacturing.quantities import rounded
from app.domains.manufacturing.stock.errors import (
    ItemNotStocked,
    LotNotFound,
    MoveBelongsToDemand,
    MoveReversed,
    StockMoveNotFound,
)
from app.domains.manufacturing.stock.ledger.post import Move, open_place, post
from app.domains.manufacturing.stock.ledger.schemas import MoveCreate, MoveReverse, StockCount
from app.domains.manufacturing.stock.locations import service as locations
from app.domains.manufacturing.stock.locations.service import Place
from app.domains.manufacturing.stock.models import Lot, StockBalance, StockMove
from app.domains.manufacturing.units import service as units
from app.domains.manufacturing.words import ItemType, LocationKind, MoveType, Tracking
from app.kernel.problem import PermissionDenied, invalid
from app.kernel.tx import WriteTx

K, T = LocationKind, MoveType
_DEFAULTS: dict[MoveType, tuple[LocationKind, LocationKind]] = {
    T.RECEIVE: (K.SUPPLIER, K.INTERNAL),
    T.ISSUE: (K.INTERNAL, K.PRODUCTION),
    T.RETURN: (K.CUSTOMER, K.INTERNAL),
    T.TRANSFER: (K.INTERNAL, K.INTERNAL),
    T.ADJUST: (K.LOSS, K.LOSS),
}
_INWARDS: dict[str, tuple[MoveType, ...]] = {
    K.SUPPLIER: (T.RECEIVE,),
    K.PRODUCTION: (T.RECEIVE, T.RETURN),
    K.CUSTOMER: (T.RETURN, T.RECEIVE),
    K.LOSS: (T.ADJUST,),
    K.INTERNAL: (T.TRANSFER,),
}
_OUTWARDS: dict[str, tuple[MoveType, ...]] = {
    K.SUPPLIER: (T.RETURN, T.ISSUE),
    K.PRODUCTION: (T.ISSUE,),
    K.CUSTOMER: (T.ISSUE,),
    K.LOSS: (T.ADJUST,),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What arrives, in the item's unit. `lot_code`: the lot or serial number, made when it is new."""

    item_id: UUID
    quantity: Decimal
    location_id: UUID | None = None
    lot_code: str | None = None
    expires_on: date | None = None
    unit_cost: Decimal | None = None


def move(tx: WriteTx, data: MoveCreate) -> UUID:
    """Record one move; its id.

    Raises `ItemNotFound`, `LocationNotFound`, `LotNotFound`, `ItemNotStocked`, `InsufficientStock`,
    `PermissionDenied`; 422 for places, units and lots that don't fit.
    """
    known = items.lock(tx, [data.item_id])
    item = known[data.item_id]
    _refuse_unstocked(item)
    source, target = _places(tx, data)
    kind = _kind(data, source, target)
    lot_id = _lot(tx, data, item, makes=not source.holds_stock)
    entry = Move(
        kind,
        item.id,
        source.id,
        target.id,
        _in_item_unit(tx, data, item),
        lot_id=lot_id,
        unit_cost=item.standard_cost if data.unit_cost is None else data.unit_cost,
        source_ref=data.source_ref,
        reason=data.reason,
    )
    _check_serial(item, entry.quantity)
    places = {source.id: source, target.id: target}
    (move_id,) = post(tx, [entry], items=known, places=places, owing=_owing(tx, data, item))
    return move_id


def reverse(tx: WriteTx, move_id: UUID, data: MoveReverse) -> UUID:
    """Move it back. Raises `StockMoveNotFound`, `MoveReversed`, `MoveBelongsToDemand`, `InsufficientStock`."""
    found = tx.one(select(*StockMove.__table__.c).where(StockMove.id == move_id), StockMoveNotFound)
    known = items.lock(tx, [found.item_id])
    if found.reverses_id is not None:
        raise MoveReversed("The move is a reversal itself; record what is right instead.")
    if tx.scalar(select(StockMove.id).where(StockMove.reverses_id == found.id)) is not None:
        raise MoveReversed("The move was reversed already.")
    if found.reservation_id is not None:
        raise MoveBelongsToDemand("Return the goods through what they were issued to.")
    entry = Move(
        T.REVERSE,
        found.item_id,
        found.to_location_id,
        found.from_location_id,
        found.quantity,
        lot_id=found.lot_id,
        unit_cost=found.unit_cost,
        source_ref=found.source_ref,
        reverses_id=found.id,
        reason=data.reason,
    )
    places = locations.places(tx, {found.to_location_id, found.from_location_id})
    (reversal,) = post(tx, [entry], items=known, places=places)
    return reversal


def count(tx: WriteTx, data: StockCount) -> None:
    """Make the books say what was counted.

    Raises `ItemNotFound`, `LocationNotFound`, `LotNotFound`, `ItemNotStocked`, and `InsufficientStock` when less
    was counted than is reserved: release first.
    """
    known = items.lock(tx, [data.item_id])
    item = known[data.item_id]
    _refuse_unstocked(item)
    place = locations.places(tx, [data.location_id])[data.location_id]
    if not place.holds_stock:
        raise invalid("location_id", "holds_no_stock", f"{place.code} holds no stock to count.")
    lot_id = _existing_lot(tx, item, data.lot_id)
    if item.tracking == Tracking.SERIAL and data.counted_quantity > 1:
        raise invalid("counted_quantity", "serial", "There is one piece of a serial number.")
    change = data.counted_quantity - _balance(tx, item.id, place.id, lot_id)
    if change == 0:
        open_place(tx, (item.id, place.id, lot_id))
        return
    loss = locations.standard(tx, K.LOSS)
    source, target = (loss, place) if change > 0 else (place, loss)
    entry = Move(
        T.ADJUST,
        item.id,
        source.id,
        target.id,
        abs(change),
        lot_id=lot_id,
        unit_cost=item.standard_cost,
        reason=data.reason,
    )
    post(tx, [entry], items=known, places={place.id: place, loss.id: loss})


def receive(
    tx: WriteTx,
    receipts: Sequence[Receipt],
    *,
    source_ref: str,
    source: LocationKind = LocationKind.SUPPLIER,
) -> list[UUID]:
    """Take goods into stock from the standard location of a kind, in one posting; the ids of the moves.

    Raises `ItemNotFound`, `ItemNotStocked`, `LocationNotFound`, `SerialInStock`; 422 for lots that don't fit.
    """
    known = items.lock(tx, {receipt.item_id for receipt in receipts})
    for receipt in receipts:
        _refuse_unstocked(known[receipt.item_id])
        _check_tracking(known[receipt.item_id], named=receipt.lot_code is not None)
        _check_serial(known[receipt.item_id], receipt.quantity)
    origin, usual = locations.standard(tx, source), locations.standard(tx, K.INTERNAL)
    places = locations.places(tx, {r.location_id for r in receipts if r.location_id is not None})
    places |= {origin.id: origin, usual.id: usual}
    lots = _lots_of(tx, receipts, known)
    return post(
        tx,
        [
            Move(
                T.RECEIVE,
                r.item_id,
                origin.id,
                r.location_id or usual.id,
                rounded(r.quantity),
                lot_id=lots[r.item_id, r.lot_code] if r.lot_code is not None else None,
                unit_cost=known[r.item_id].standard_cost if r.unit_cost is None else r.unit_cost,
                source_ref=source_ref,
            )
            for r in receipts
        ],
        items=known,
        places=places,
    )


def _lots_of(
    tx: WriteTx, receipts: Sequence[Receipt], known: Mapping[UUID, KnownItem]
) -> dict[tuple[UUID, str], UUID]:
    wanted = {(r.item_id, r.lot_code): r.expires_on for r in receipts if r.lot_code is not None}
    return locations.lots_by_code(tx, wanted, known, make=True) if wanted else {}


def _places(tx: WriteTx, data: MoveCreate) -> tuple[Place, Place]:
    """The two places of a move, the standard ones for those left out."""
    named = locations.places(tx, {p for p in (data.from_location_id, data.to_location_id) if p is not None})
    source = named.get(data.from_location_id) if data.from_location_id else None
    target = named.get(data.to_location_id) if data.to_location_id else None
    if source is not None and target is not None:
        return source, target
    if data.move_type is None or data.move_type is T.REVERSE:
        raise invalid("move_type", "missing", "Say the move_type, or both places.")
    from_kind, to_kind = _DEFAULTS[data.move_type]
    if data.move_type is T.ADJUST and source is None and target is None:
        raise invalid("to_location_id", "missing", "An ADJUST names the place that gains or loses.")
    if data.move_type is T.TRANSFER and target is None:
        raise invalid("to_location_id", "missing", "A TRANSFER names the place it goes to.")
    return source or locations.standard(tx, from_kind), target or locations.standard(tx, to_kind)


def _kind(data: MoveCreate, source: Place, target: Place) -> MoveType:
    """What the two places say that the move is; 422 when `move_type` says otherwise."""
    if source.id == target.id:
        raise invalid("to_location_id", "same_place", "A move has two places.")
    if target.holds_stock:
        possible = _INWARDS[source.kind]
    elif source.holds_stock:
        possible = _OUTWARDS[target.kind]
    else:
        raise invalid("to_location_id", "no_stock", f"Neither {source.code} nor {target.code} holds stock.")
    if data.move_type is not None and data.move_type not in possible:
        raise invalid(
            "move_type",
            "places_differ",
            f"From {source.kind} to {target.kind} is {' or '.join(kind.value for kind in possible)}.",
        )
    return data.move_type or possible[0]


def _in_item_unit(tx: WriteTx, data: MoveCreate, item: KnownItem) -> Decimal:
    if data.uom is None:
        return data.quantity
    own, given = units.find(tx, item.uom, data.uom)
    quantity = rounded(Fraction(data.quantity) * units.between(given, own))
    if quantity == 0:
        raise invalid("quantity", "too_small", f"That is less than 0.000000001 {item.uom}.")
    return quantity


def _lot(tx: WriteTx, data: MoveCreate, item: KnownItem, *, makes: bool) -> UUID | None:
    if data.lot_code is None or data.lot_id is not None:
        return _existing_lot(tx, item, data.lot_id)
    _check_tracking(item, named=True, field="lot_code")
    key = (item.id, data.lot_code)
    return locations.lots_by_code(tx, {key: data.expires_on}, {item.id: item}, make=makes)[key]


def _existing_lot(tx: WriteTx, item: KnownItem, lot_id: UUID | None) -> UUID | None:
    if lot_id is not None and not tx.scalar(select(Lot.id).where(Lot.id == lot_id, Lot.item_id == item.id)):
        raise LotNotFound
    _check_tracking(item, named=lot_id is not None)
    return lot_id


def _check_tracking(item: KnownItem, *, named: bool, field: str = "lot_id") -> None:
    if named and item.tracking == Tracking.NONE:
        raise invalid(field, "not_tracked", f"{item.code} is not tracked by lot or serial number.")
    if not named and item.tracking != Tracking.NONE:
        raise invalid(field, "missing", f"{item.code} is tracked by {item.tracking}: name which.")


def _check_serial(item: KnownItem, quantity: Decimal) -> None:
    if item.tracking == Tracking.SERIAL and quantity != 1:
        raise invalid("quantity", "serial", "A serial number moves as one piece.")


def _refuse_unstocked(item: KnownItem) -> None:
    if item.item_type == ItemType.SERVICE:
        raise ItemNotStocked(f"{item.code} is a service.")
    if not item.is_active:
        raise ItemNotStocked(f"{item.code} is not active.")


def _owing(tx: WriteTx, data: MoveCreate, item: KnownItem) -> str | None:
    if not data.approve_negative:
        return None
    if not tx.principal.can(WAREHOUSE_APPROVE):
        raise PermissionDenied(
            "Taking more than there is needs warehouse.approve.", permission=str(WAREHOUSE_APPROVE)
        )
    if data.reason is None:
        raise invalid("reason", "missing", "Taking more than there is needs a reason.")
    if item.tracking == Tracking.SERIAL:
        raise invalid("approve_negative", "serial", "A serial number that is not there can't be taken.")
    return data.reason


def _balance(tx: WriteTx, item_id: UUID, location_id: UUID, lot_id: UUID | None) -> Decimal:
    """On hand less what is owed."""
    found = tx.scalar(
        select(func.sum(StockBalance.on_hand - StockBalance.owed)).where(
            StockBalance.item_id == item_id,
            StockBalance.location_id == location_id,
            StockBalance.lot_id.is_not_distinct_from(lot_id),
        )
    )
    return found or Decimal(0)
