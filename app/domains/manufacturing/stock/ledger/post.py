"""Writing the ledger: the moves, the balances they change, and the debts that receipts settle.

Whoever posts holds the items of the moves (`items.service.lock`). Balances follow the net of the moves, first
those that fall, then those that rise, each in one statement; constraints have the last word.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Numeric, Uuid, bindparam, text

from app.domains.manufacturing.items.service import KnownItem
from app.domains.manufacturing.quantities import plain
from app.domains.manufacturing.stock.errors import InsufficientStock
from app.domains.manufacturing.stock.events import StockDebtSettled, StockMoved, StockOwed
from app.domains.manufacturing.stock.locations.service import Place
from app.domains.manufacturing.stock.models import StockDebt, StockMove
from app.domains.manufacturing.words import Tracking
from app.kernel.db import bulk
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.tx import WriteTx

Key = tuple[UUID, UUID, UUID | None]
"""Item, location, lot."""


@dataclass(frozen=True, slots=True)
class Move:
    """A quantity, in the item's unit, from one location to another."""

    move_type: str
    item_id: UUID
    from_location_id: UUID
    to_location_id: UUID
    quantity: Decimal
    lot_id: UUID | None = None
    unit_cost: Decimal | None = None
    source_ref: str | None = None
    reservation_id: UUID | None = None
    reverses_id: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Change:
    balance_id: UUID
    taken: Decimal
    owed: Decimal


_KEYS = (
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("items", type_=ARRAY(Uuid())),
    bindparam("locations", type_=ARRAY(Uuid())),
    bindparam("lots", type_=ARRAY(Uuid())),
    bindparam("quantities", type_=ARRAY(Numeric())),
)
_UNNEST = (
    "unnest(CAST(:ids AS uuid[]), CAST(:items AS uuid[]), CAST(:locations AS uuid[]), CAST(:lots AS uuid[]),"
    " CAST(:quantities AS numeric[])) AS k (id, item_id, location_id, lot_id, quantity)"
)
_SAME_PLACE = (
    "b.tenant_id = :tenant AND b.item_id = k.item_id AND b.location_id = k.location_id"
    " AND b.lot_id IS NOT DISTINCT FROM k.lot_id"
)
_TAKE = text(
    f"UPDATE stock_balance b SET on_hand = b.on_hand - k.quantity FROM {_UNNEST}"
    f" WHERE {_SAME_PLACE} AND b.on_hand - b.reserved >= k.quantity"
    " RETURNING k.id"
).bindparams(*_KEYS)
_FREE = text(
    "SELECT k.id, coalesce(b.on_hand - b.reserved, 0) AS free"
    f" FROM {_UNNEST} LEFT JOIN stock_balance b ON {_SAME_PLACE}"
).bindparams(*_KEYS)
_OPEN_PLACES = text(
    "INSERT INTO stock_balance (tenant_id, id, item_id, location_id, lot_id, created_at)"
    f" SELECT :tenant, k.id, k.item_id, k.location_id, k.lot_id, :now FROM {_UNNEST}"
    " ON CONFLICT (tenant_id, item_id, location_id, lot_id) DO NOTHING"
).bindparams(*_KEYS)
_OVERDRAW = text(
    "UPDATE stock_balance b SET on_hand = b.on_hand - least(b.on_hand - b.reserved, k.quantity),"
    " owed = b.owed + greatest(k.quantity - (b.on_hand - b.reserved), 0)"
    f" FROM {_UNNEST}, stock_balance was WHERE {_SAME_PLACE}"
    " AND was.tenant_id = b.tenant_id AND was.id = b.id"
    " RETURNING k.id, b.id AS balance_id, b.owed - was.owed AS owed"
).bindparams(*_KEYS)
_OWED = text(
    f"SELECT k.id, b.id AS balance_id, least(b.owed, k.quantity) AS pays FROM {_UNNEST}"
    f" JOIN stock_balance b ON {_SAME_PLACE} WHERE b.owed > 0"
).bindparams(*_KEYS)
_PUT = text(
    "INSERT INTO stock_balance AS b (tenant_id, id, item_id, location_id, lot_id, is_serial, on_hand, created_at)"
    " SELECT :tenant, k.id, k.item_id, k.location_id, k.lot_id, s.is_serial, k.quantity, :now"
    f" FROM {_UNNEST} JOIN unnest(CAST(:serial_ids AS uuid[]), CAST(:serials AS boolean[])) AS s (id, is_serial)"
    " ON s.id = k.id"
    " ON CONFLICT (tenant_id, item_id, location_id, lot_id) DO UPDATE"
    " SET on_hand = b.on_hand + greatest(excluded.on_hand - b.owed, 0),"
    " owed = greatest(b.owed - excluded.on_hand, 0), is_serial = excluded.is_serial"
).bindparams(*_KEYS, bindparam("serial_ids", type_=ARRAY(Uuid())))
_DEBTS = text(
    "SELECT d.id, d.balance_id, d.quantity - d.settled AS left FROM stock_debt d"
    " WHERE d.tenant_id = :tenant AND d.settled < d.quantity AND d.balance_id = ANY(CAST(:balances AS uuid[]))"
    " ORDER BY d.balance_id, d.id"
).bindparams(bindparam("balances", type_=ARRAY(Uuid())))
_SETTLE = text(
    "UPDATE stock_debt d SET settled = d.settled + k.pays,"
    " settled_at = CASE WHEN d.settled + k.pays = d.quantity THEN CAST(:now AS timestamptz) END"
    " FROM unnest(CAST(:debts AS uuid[]), CAST(:pays AS numeric[])) AS k (id, pays)"
    " WHERE d.tenant_id = :tenant AND d.id = k.id"
).bindparams(bindparam("debts", type_=ARRAY(Uuid())), bindparam("pays", type_=ARRAY(Numeric())))
_RECEIVED = text(
    "UPDATE lot SET received_at = :now WHERE tenant_id = :tenant AND received_at IS NULL"
    " AND id = ANY(CAST(:lots AS uuid[]))"
).bindparams(bindparam("lots", type_=ARRAY(Uuid())))
_MOVE_COLUMNS = (
    "tenant_id",
    "id",
    "move_type",
    "item_id",
    "lot_id",
    "from_location_id",
    "to_location_id",
    "quantity",
    "unit_cost",
    "source_ref",
    "reservation_id",
    "reverses_id",
    "reason",
    "created_by",
    "created_at",
)


def post(
    tx: WriteTx,
    moves: Sequence[Move],
    *,
    items: Mapping[UUID, KnownItem],
    places: Mapping[UUID, Place],
    owing: str | None = None,
) -> list[UUID]:
    """Write these moves and what they change; their ids, in order.

    `owing` is the approved reason to take more than there is of items without serial numbers: what is missing is
    owed. Raises `InsufficientStock`; the database refuses a serial number that is in stock already.
    """
    falls, rises = _net(moves, places)
    debts = _take(tx, falls, items, owing=owing)
    settled = _put(tx, rises, items)
    ids = _write(tx, moves)
    _note_receipts(tx, moves, places)
    _announce(tx, moves)
    _owe(tx, moves, ids, debts, owing or "")
    _settle(tx, settled)
    return ids


def open_place(tx: WriteTx, key: Key) -> None:
    """See to it that there is a balance, of nothing, where there is none."""
    _, bound = _bound(tx, {key: Decimal(0)})
    tx.execute(_OPEN_PLACES, bound | {"now": tx.now})


def _net(
    moves: Sequence[Move], places: Mapping[UUID, Place]
) -> tuple[dict[Key, Decimal], dict[Key, Decimal]]:
    """How much each place loses and gains, all moves together."""
    net: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for move in moves:
        if places[move.from_location_id].holds_stock:
            net[move.item_id, move.from_location_id, move.lot_id] -= move.quantity
        if places[move.to_location_id].holds_stock:
            net[move.item_id, move.to_location_id, move.lot_id] += move.quantity
    falls = {key: -change for key, change in net.items() if change < 0}
    return falls, {key: change for key, change in net.items() if change > 0}


def _bound(tx: WriteTx, changes: Mapping[Key, Decimal]) -> tuple[dict[UUID, Key], dict[str, Any]]:
    keys = {new_id(): key for key in sorted(changes, key=str)}
    return keys, {
        "tenant": tx.tenant_id,
        "ids": list(keys),
        "items": [key[0] for key in keys.values()],
        "locations": [key[1] for key in keys.values()],
        "lots": [key[2] for key in keys.values()],
        "quantities": [changes[key] for key in keys.values()],
    }


def _take(
    tx: WriteTx, falls: Mapping[Key, Decimal], items: Mapping[UUID, KnownItem], *, owing: str | None
) -> dict[Key, _Change]:
    """Lower the balances; what is owed for those that had too little, when that is approved."""
    if not falls:
        return {}
    keys, bound = _bound(tx, falls)
    taken = {row.id for row in tx.execute(_TAKE, bound)}
    short = {name: key for name, key in keys.items() if name not in taken}
    if not short:
        return {}
    free = {row.id: row.free for row in tx.execute(_FREE, bound)}
    serial = any(items[key[0]].tracking == Tracking.SERIAL for key in short.values())
    if owing is None or serial:
        raise insufficient(items, [(key, falls[key], free[name]) for name, key in short.items()])
    _, missing = _bound(tx, {key: falls[key] for key in short.values()})
    tx.execute(_OPEN_PLACES, missing | {"now": tx.now})
    names = dict(zip(missing["ids"], sorted(short.values(), key=str), strict=True))
    return {
        names[row.id]: _Change(row.balance_id, falls[names[row.id]], row.owed)
        for row in tx.execute(_OVERDRAW, missing)
    }


def insufficient(
    items: Mapping[UUID, KnownItem],
    missing: Sequence[tuple[tuple[UUID, UUID | None, UUID | None], Decimal, Decimal]],
) -> InsufficientStock:
    """The problem that names each item, how much was asked of it, and how much is free."""
    (item_id, _, _), asked, free = missing[0]
    return InsufficientStock(
        f"{plain(asked)} {items[item_id].uom} of {items[item_id].code} are needed, {plain(free)} are free.",
        missing=[
            {
                "item_id": str(key[0]),
                "location_id": str(key[1]) if key[1] else None,
                "lot_id": str(key[2]) if key[2] else None,
                "requested": plain(asked),
                "available": plain(free),
            }
            for key, asked, free in missing
        ],
    )


def _put(
    tx: WriteTx, rises: Mapping[Key, Decimal], items: Mapping[UUID, KnownItem]
) -> list[tuple[UUID, UUID, Decimal]]:
    """Raise the balances; what that pays of debts, by item and balance."""
    if not rises:
        return []
    keys, bound = _bound(tx, rises)
    pays = [(keys[row.id][0], row.balance_id, row.pays) for row in tx.execute(_OWED, bound)]
    serials = [items[key[0]].tracking == Tracking.SERIAL for key in keys.values()]
    tx.execute(_PUT, bound | {"now": tx.now, "serial_ids": list(keys), "serials": serials})
    return pays


def _write(tx: WriteTx, moves: Sequence[Move]) -> list[UUID]:
    ids = [new_id() for _ in moves]
    rows = [
        (
            tx.tenant_id,
            move_id,
            move.move_type,
            move.item_id,
            move.lot_id,
            move.from_location_id,
            move.to_location_id,
            move.quantity,
            move.unit_cost,
            move.source_ref,
            move.reservation_id,
            move.reverses_id,
            move.reason,
            tx.actor,
            tx.now,
        )
        for move_id, move in zip(ids, moves, strict=True)
    ]
    bulk.insert_rows(tx.conn, StockMove.metadata.tables["stock_move"], _MOVE_COLUMNS, rows)
    return ids


def _note_receipts(tx: WriteTx, moves: Sequence[Move], places: Mapping[UUID, Place]) -> None:
    lots = {m.lot_id for m in moves if m.lot_id is not None and places[m.to_location_id].holds_stock}
    if lots:
        tx.execute(_RECEIVED, {"tenant": tx.tenant_id, "now": tx.now, "lots": list(lots)})


def _announce(tx: WriteTx, moves: Sequence[Move]) -> None:
    touched = list(dict.fromkeys(move.item_id for move in moves))
    sources = list(dict.fromkeys(move.source_ref for move in moves if move.source_ref))
    moved(
        tx,
        moves[0].move_type,
        touched,
        count=len(moves),
        sources=sources,
        lots={move.lot_id for move in moves if move.lot_id},
    )


def moved(
    tx: WriteTx,
    move_type: str,
    item_ids: Sequence[UUID],
    *,
    count: int,
    sources: Sequence[str],
    lots: Collection[UUID] = (),
) -> None:
    """Say once, for all moves of one posting, what moved; whoever watches stock hears it in this transaction."""
    tx.emit(
        StockMoved(
            moves=count,
            move_type=move_type,
            item_ids=list(item_ids),
            source_ref=sources[0] if len(sources) == 1 else None,
        ),
        subject=ref("item", item_ids[0]),
        related=[
            *(ref("item", item_id) for item_id in item_ids[1:]),
            *(ref("lot", lot_id) for lot_id in sorted(lots)),
            *sources,
        ],
    )


def _owe(
    tx: WriteTx, moves: Sequence[Move], ids: Sequence[UUID], debts: Mapping[Key, _Change], reason: str
) -> None:
    """A debt for each place that was overdrawn, on the last move that took from it."""
    for key, change in debts.items():
        last = max(n for n, m in enumerate(moves) if (m.item_id, m.from_location_id, m.lot_id) == key)
        debt = tx.add(
            StockDebt(
                balance_id=change.balance_id,
                move_id=ids[last],
                quantity=change.owed,
                reason=reason,
                approved_by=tx.actor,
                created_at=tx.now,
            )
        )
        tx.emit(
            StockOwed(debt_id=debt.id, item_id=key[0], quantity=change.owed, reason=reason),
            subject=ref("item", key[0]),
        )


def _settle(tx: WriteTx, settled: Sequence[tuple[UUID, UUID, Decimal]]) -> None:
    """Pay the open debts of these balances, the oldest first."""
    if not settled:
        return
    left = {balance_id: pays for _, balance_id, pays in settled}
    item_of = {balance_id: item_id for item_id, balance_id, _ in settled}
    found = tx.execute(_DEBTS, {"tenant": tx.tenant_id, "balances": list(left)}).all()
    paid: dict[UUID, Decimal] = {}
    for row in found:
        pays = min(left[row.balance_id], row.left)
        if pays == 0:
            continue
        left[row.balance_id] -= pays
        paid[row.id] = pays
        tx.emit(
            StockDebtSettled(
                debt_id=row.id, item_id=item_of[row.balance_id], settled=pays, left=row.left - pays
            ),
            subject=ref("item", item_of[row.balance_id]),
        )
    tx.execute(
        _SETTLE,
        {"tenant": tx.tenant_id, "now": tx.now, "debts": list(paid), "pays": list(paid.values())},
    )
