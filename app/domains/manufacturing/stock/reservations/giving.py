"""Giving out what is kept for demands, and taking it back. The same locks and the same few statements as keeping."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.items.service import KnownItem
from app.domains.manufacturing.stock.arrays import array
from app.domains.manufacturing.stock.errors import NothingToReturn
from app.domains.manufacturing.stock.ledger.post import Move, insufficient, moved, post
from app.domains.manufacturing.stock.locations import service as locations
from app.domains.manufacturing.stock.reservations import statements
from app.domains.manufacturing.stock.reservations.keeping import allocation, amounts, items_kept, keep, kept
from app.domains.manufacturing.stock.reservations.words import (
    Allocation,
    Line,
    Numbered,
    Part,
    by_demand,
    numbered,
    spread,
)
from app.domains.manufacturing.words import ItemType, LocationKind, MoveType
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx


def issue(
    tx: WriteTx,
    demand_ref: str,
    lines: Sequence[Line] | None = None,
    *,
    to_location_id: UUID | None = None,
    reason: str | None = None,
) -> list[Allocation]:
    """Give out what is kept for a demand: all of it, or these lines. Raises as `issue_many`."""
    return issue_many(tx, {demand_ref: lines}, to_location_id=to_location_id, reason=reason)


def issue_many(
    tx: WriteTx,
    demands: Mapping[str, Sequence[Line] | None],
    *,
    to_location_id: UUID | None = None,
    reason: str | None = None,
) -> list[Allocation]:
    """Give out stock, to PRODUCTION when no location is named. None means all that is kept for the demand.

    Lines take what is kept for them and then what is free. Raises `InsufficientStock` when that is not enough for
    any of them, `ItemNotFound`, `LocationNotFound`; 422 for a location that holds stock.
    """
    target = _target(tx, to_location_id)
    whole = [demand for demand, lines in demands.items() if lines is None]
    wanted = numbered({demand: lines for demand, lines in demands.items() if lines is not None})
    touched = {line.item_id for _, line in wanted}
    if whole:
        touched |= items_kept(tx, whole)
    if not touched:
        return []
    known = items.lock(tx, touched)
    held = by_demand(kept(tx, list(demands), touched))
    given: list[Part] = [(k, k.quantity) for demand in whole for k in held.get(demand, [])]
    return _give(tx, given + _cover(tx, wanted, held, known), target, reason)


def return_(
    tx: WriteTx, demand_ref: str, lines: Sequence[Line], *, reason: str | None = None
) -> list[Allocation]:
    """Take back what was issued for a demand, to where it came from, free for anybody; the last issued first.

    Raises `NothingToReturn` when more would come back than went out, `ItemNotFound`.
    """
    touched = {line.item_id for line in lines}
    known = items.lock(tx, touched)
    bound = {"tenant": tx.tenant_id, "demand": demand_ref, "items": array(touched)}
    rows = tx.execute(statements.ISSUED, bound).all()
    went = {row.id: row for row in rows}
    back, short = spread([allocation(row) for row in rows], lines)
    for line, missing in short:
        if missing:
            raise NothingToReturn(f"Less of {known[line.item_id].code} was issued than would come back.")
    if not back:
        return []
    moves = [
        Move(
            MoveType.RETURN,
            k.item_id,
            went[k.reservation_id].went_to,
            k.location_id,
            quantity,
            lot_id=k.lot_id,
            unit_cost=went[k.reservation_id].unit_cost,
            source_ref=demand_ref,
            reservation_id=k.reservation_id,
            reason=reason,
        )
        for k, quantity in back
    ]
    tx.execute(statements.TAKE_BACK, {"tenant": tx.tenant_id} | amounts(back))
    places = locations.places(tx, {m.from_location_id for m in moves} | {m.to_location_id for m in moves})
    ids = post(tx, moves, items=known, places=places)
    return [_as_moved(part, move_id) for part, move_id in zip(back, ids, strict=True)]


def _target(tx: WriteTx, location_id: UUID | None) -> UUID:
    if location_id is None:
        return locations.standard(tx, LocationKind.PRODUCTION).id
    place = locations.places(tx, [location_id])[location_id]
    if place.holds_stock:
        raise invalid("to_location_id", "holds_stock", f"{place.code} holds stock; transfer to it instead.")
    return place.id


def _cover(
    tx: WriteTx, wanted: Numbered, held: Mapping[str, Sequence[Allocation]], known: Mapping[UUID, KnownItem]
) -> list[Part]:
    """What serves these lines: first what is kept for them, then what is free."""
    lines_of: dict[str, list[Line]] = {}
    for demand, line in wanted:
        if known[line.item_id].item_type != ItemType.SERVICE:
            lines_of.setdefault(demand, []).append(line)
    given: list[Part] = []
    missing: Numbered = []
    for demand, lines in lines_of.items():
        taken, short = spread(held.get(demand, []), lines)
        given += taken
        missing += [(demand, replace(line, quantity=left)) for line, left in short if left]
    if not missing:
        return given
    more = keep(tx, missing)
    if more.shortages:
        raise insufficient(
            known, [((s.item_id, None, None), s.requested, s.allocated) for s in more.shortages]
        )
    return given + [(k, k.quantity) for k in more.allocations]


def _give(tx: WriteTx, given: Sequence[Part], target: UUID, reason: str | None) -> list[Allocation]:
    if not given:
        return []
    ids = [new_id() for _ in given]
    bound = {
        "tenant": tx.tenant_id,
        "actor": tx.actor,
        "now": tx.now,
        "target": target,
        "reason": reason,
        "moves": array(ids),
    }
    tx.execute(statements.ISSUE, bound | amounts(given))
    moved(
        tx,
        MoveType.ISSUE,
        list(dict.fromkeys(k.item_id for k, _ in given)),
        count=len(ids),
        sources=list(dict.fromkeys(k.demand_ref for k, _ in given)),
        lots={k.lot_id for k, _ in given if k.lot_id is not None},
    )
    return [_as_moved(part, move_id) for part, move_id in zip(given, ids, strict=True)]


def _as_moved(part: Part, move_id: UUID) -> Allocation:
    kept_, quantity = part
    return kept_._replace(quantity=quantity, move_id=move_id)
