"""Keeping stock for demands, and setting it free.

Everything here works on many demands in a few statements. The items are locked in the order of their ids before
their stock is read, so nothing can be promised twice, and two demands never wait for each other in a circle.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.quantities import plain, rounded
from app.domains.manufacturing.stock.arrays import array
from app.domains.manufacturing.stock.errors import StockReservationEnded, StockReservationNotFound
from app.domains.manufacturing.stock.events import StockReleased, StockReserved
from app.domains.manufacturing.stock.locations import service as locations
from app.domains.manufacturing.stock.reservations import statements
from app.domains.manufacturing.stock.reservations.picking import Free, Pick, Want, pick
from app.domains.manufacturing.stock.reservations.words import (
    Allocation,
    Demands,
    Line,
    Numbered,
    Part,
    Reserved,
    Shortage,
    by_demand,
    numbered,
    spread,
    tally,
)
from app.domains.manufacturing.words import ItemType
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.tx import WriteTx


def reserve(tx: WriteTx, demand_ref: str, lines: Sequence[Line]) -> Reserved:
    """Keep stock for one demand; what there is too little of comes back as shortages. Raises as `reserve_many`."""
    return reserve_many(tx, {demand_ref: lines})


def reserve_many(tx: WriteTx, demands: Demands) -> Reserved:
    """Keep stock for many demands, the first served first, in as many statements as for one.

    A service has no stock, so its lines are passed over. Raises `ItemNotFound`, `LocationNotFound`.
    """
    wanted = numbered(demands)
    if not wanted:
        return Reserved()
    known = items.lock(tx, {line.item_id for _, line in wanted})
    return keep(tx, [(d, line) for d, line in wanted if known[line.item_id].item_type != ItemType.SERVICE])


def keep(tx: WriteTx, wanted: Numbered) -> Reserved:
    """`reserve_many` for whoever holds the items already."""
    wants = _wants(tx, wanted)
    picks, short = pick(wants, _free(tx, wants))
    allocations = _store(tx, wanted, picks)
    shortages = [
        Shortage(demand, line.line_ref, line.item_id, wants[n].quantity, wants[n].quantity - short[n])
        for n, (demand, line) in enumerate(wanted)
        if short[n]
    ]
    _announce(tx, wanted, shortages)
    return Reserved(allocations, shortages)


def release(tx: WriteTx, demand_ref: str, lines: Sequence[Line] | None = None) -> int:
    """Set free what is kept for a demand: all of it, or at most these lines. How many reservations that changed."""
    return release_many(tx, {demand_ref: lines})


def release_many(tx: WriteTx, demands: Mapping[str, Sequence[Line] | None]) -> int:
    """`release` for many demands at once."""
    touched = items_kept(tx, list(demands))
    if not touched:
        return 0
    items.lock(tx, touched)
    own = by_demand(kept(tx, list(demands), touched))
    freed: list[Part] = []
    for demand, lines in demands.items():
        held = own.get(demand, [])
        freed += [(k, k.quantity) for k in held] if lines is None else spread(held, lines)[0]
    _set_free(tx, freed)
    return len(freed)


def release_one(tx: WriteTx, reservation_id: UUID, quantity: Decimal | None) -> None:
    """Raises `StockReservationNotFound`; `StockReservationEnded` when less is open than the quantity."""
    named = {"tenant": tx.tenant_id, "id": reservation_id}
    found = tx.execute(statements.ONE, named).one_or_none()
    if found is None:
        raise StockReservationNotFound
    items.lock(tx, [found.item_id])
    still = allocation(tx.execute(statements.ONE, named).one())
    if still.quantity == 0 or (quantity is not None and quantity > still.quantity):
        raise StockReservationEnded(f"{plain(still.quantity)} of the reservation is open.")
    _set_free(tx, [(still, still.quantity if quantity is None else quantity)])


def items_kept(tx: WriteTx, demands: Sequence[str]) -> set[UUID]:
    """The items of which something is kept for these demands."""
    found = tx.execute(statements.ITEMS_KEPT, {"tenant": tx.tenant_id, "demands": list(demands)})
    return {row.item_id for row in found}


def kept(tx: WriteTx, demands: Sequence[str], item_ids: Iterable[UUID]) -> list[Allocation]:
    """What is kept of these items for these demands, the oldest first."""
    bound = {"tenant": tx.tenant_id, "demands": list(demands), "items": array(item_ids)}
    return [allocation(row) for row in tx.execute(statements.KEPT, bound)]


def allocation(row: Any) -> Allocation:
    """A row that begins with the columns of `statements.KEPT`."""
    return Allocation(*row[:7])


def amounts(parts: Sequence[Part]) -> dict[str, Any]:
    return {
        "ids": array(k.reservation_id for k, _ in parts),
        "quantities": array(quantity for _, quantity in parts),
    }


def _wants(tx: WriteTx, wanted: Numbered) -> list[Want]:
    named = {line.location_id for _, line in wanted if line.location_id is not None}
    places = locations.places(tx, named) if named else {}
    return [
        Want(
            line.item_id,
            rounded(line.quantity),
            line.lot_id,
            places[line.location_id].path if line.location_id is not None else "",
        )
        for _, line in wanted
    ]


def _free(tx: WriteTx, wants: Sequence[Want]) -> list[Free]:
    """Free stock of these items in the order it is taken: as much as is needed, all where a line is choosy."""
    needs: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for want in wants:
        needs[want.item_id] += Decimal("Infinity") if want.lot_id or want.below else want.quantity
    bound = {
        "tenant": tx.tenant_id,
        "today": tx.now.date(),
        "items": array(needs),
        "needs": array(needs.values()),
    }
    return [
        Free(row.id, row.item_id, row.location_id, row.lot_id, row.path, row.free)
        for row in tx.execute(statements.FREE, bound)
    ]


def _store(tx: WriteTx, wanted: Numbered, picks: Sequence[Pick]) -> list[Allocation]:
    if not picks:
        return []
    made = []
    for chosen in picks:
        demand, line = wanted[chosen.line]
        source = chosen.source
        made.append(
            Allocation(
                new_id(),
                demand,
                line.line_ref,
                source.item_id,
                source.location_id,
                source.lot_id,
                chosen.quantity,
            )
        )
    tx.execute(
        statements.KEEP,
        {
            "tenant": tx.tenant_id,
            "actor": tx.actor,
            "now": tx.now,
            "ids": array(k.reservation_id for k in made),
            "demands": [k.demand_ref for k in made],
            "lines": [k.line_ref for k in made],
            "balances": array(chosen.source.balance_id for chosen in picks),
            "quantities": array(k.quantity for k in made),
        },
    )
    return made


def _announce(tx: WriteTx, wanted: Numbered, shortages: Sequence[Shortage]) -> None:
    missing = tally(shortage.demand_ref for shortage in shortages)
    lines: defaultdict[str, list[UUID]] = defaultdict(list)
    for demand, line in wanted:
        lines[demand].append(line.item_id)
    for demand, item_ids in lines.items():
        tx.emit(
            StockReserved(demand_ref=demand, lines=len(item_ids), short=missing.get(demand, 0)),
            subject=demand,
            related=[ref("item", item_id) for item_id in sorted(set(item_ids))],
        )


def _set_free(tx: WriteTx, freed: Sequence[Part]) -> None:
    if not freed:
        return
    tx.execute(statements.RELEASE, {"tenant": tx.tenant_id} | amounts(freed))
    for demand, parts in by_demand(k for k, _ in freed).items():
        tx.emit(
            StockReleased(demand_ref=demand, reservations=len(parts)),
            subject=demand,
            related=[ref("item", item_id) for item_id in sorted({k.item_id for k in parts})],
        )
