"""Reading balances, moves and debts."""

from uuid import UUID

from sqlalchemy import or_, select, text

from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.stock.ledger.schemas import DebtFilter, MoveFilter, StockFilter
from app.domains.manufacturing.stock.models import Location, Lot, StockBalance, StockDebt, StockMove
from app.domains.manufacturing.units.models import Unit
from app.kernel.tx import AnySelect

_UNIT_OF_ITEM = (Unit.tenant_id == Item.tenant_id) & (Unit.id == Item.unit_id)

MOVE_SORT = {"id": StockMove.id, "created_at": StockMove.created_at}
_MOVES = (
    select(*StockMove.__table__.c, Unit.code.label("uom"))
    .join(Item, (Item.tenant_id == StockMove.tenant_id) & (Item.id == StockMove.item_id))
    .join(Unit, _UNIT_OF_ITEM)
)
STOCK_SORT = {"id": StockBalance.id, "item_code": Item.code, "location_code": Location.code}
_STOCK = (
    select(
        StockBalance.id,
        StockBalance.item_id,
        Item.code.label("item_code"),
        StockBalance.location_id,
        Location.code.label("location_code"),
        StockBalance.lot_id,
        Lot.code.label("lot_code"),
        Lot.expires_on,
        Unit.code.label("uom"),
        StockBalance.on_hand,
        StockBalance.reserved,
        (StockBalance.on_hand - StockBalance.reserved).label("available"),
        StockBalance.owed,
    )
    .join(Item, (Item.tenant_id == StockBalance.tenant_id) & (Item.id == StockBalance.item_id))
    .join(
        Location, (Location.tenant_id == StockBalance.tenant_id) & (Location.id == StockBalance.location_id)
    )
    .join(Unit, _UNIT_OF_ITEM)
    .outerjoin(Lot, (Lot.tenant_id == StockBalance.tenant_id) & (Lot.id == StockBalance.lot_id))
)
DEBT_SORT = {"id": StockDebt.id}
_DEBTS = select(
    *(c for c in StockDebt.__table__.c if c.name != "balance_id"),
    StockBalance.item_id,
    StockBalance.location_id,
    StockBalance.lot_id,
).join(
    StockBalance, (StockBalance.tenant_id == StockDebt.tenant_id) & (StockBalance.id == StockDebt.balance_id)
)


def move(move_id: UUID) -> AnySelect:
    return _MOVES.where(StockMove.id == move_id)


def moves(wanted: MoveFilter) -> AnySelect:
    statement = _MOVES
    if wanted.item_id is not None:
        statement = statement.where(StockMove.item_id == wanted.item_id)
    if wanted.lot_id is not None:
        statement = statement.where(StockMove.lot_id == wanted.lot_id)
    if wanted.source_ref is not None:
        statement = statement.where(StockMove.source_ref == wanted.source_ref)
    if wanted.move_type is not None:
        statement = statement.where(StockMove.move_type == wanted.move_type.value)
    if wanted.location_id is not None:
        here = wanted.location_id
        statement = statement.where(or_(StockMove.from_location_id == here, StockMove.to_location_id == here))
    return statement


def stock(wanted: StockFilter) -> AnySelect:
    """Balances that hold or owe something."""
    statement = _STOCK.where(or_(StockBalance.on_hand > 0, StockBalance.owed > 0))
    if wanted.item_id is not None:
        statement = statement.where(StockBalance.item_id == wanted.item_id)
    if wanted.location_id is not None:
        statement = statement.where(StockBalance.location_id == wanted.location_id)
    if wanted.lot_id is not None:
        statement = statement.where(StockBalance.lot_id == wanted.lot_id)
    return statement


def place(item_id: UUID, location_id: UUID, lot_id: UUID | None) -> AnySelect:
    return _STOCK.where(
        StockBalance.item_id == item_id,
        StockBalance.location_id == location_id,
        StockBalance.lot_id.is_not_distinct_from(lot_id),
    )


def debts(wanted: DebtFilter) -> AnySelect:
    statement = _DEBTS
    if wanted.item_id is not None:
        statement = statement.where(StockBalance.item_id == wanted.item_id)
    if wanted.open_only:
        statement = statement.where(StockDebt.settled < StockDebt.quantity)
    return statement


COUNTS = text(
    "SELECT (SELECT count(*) FROM stock_move) AS moves, (SELECT count(*) FROM stock_balance) AS balances"
)
DIFFERENCES = text("""
WITH entry AS (
    SELECT item_id, to_location_id AS location_id, lot_id, quantity FROM stock_move
    UNION ALL
    SELECT item_id, from_location_id, lot_id, -quantity FROM stock_move
), summed AS (
    SELECT e.item_id, e.location_id, e.lot_id, sum(e.quantity) AS quantity
    FROM entry e JOIN location l ON l.id = e.location_id AND l.kind = 'INTERNAL'
    GROUP BY 1, 2, 3
), kept AS (
    SELECT balance_id, sum(open) AS open FROM stock_reservation WHERE open > 0 GROUP BY 1
)
SELECT coalesce(b.item_id, s.item_id) AS item_id, coalesce(b.location_id, s.location_id) AS location_id,
       coalesce(b.lot_id, s.lot_id) AS lot_id, coalesce(b.on_hand - b.owed, 0) AS balance,
       coalesce(s.quantity, 0) AS moves, coalesce(b.reserved, 0) AS reserved, coalesce(k.open, 0) AS reservations
FROM stock_balance b
FULL JOIN summed s ON s.item_id = b.item_id AND s.location_id = b.location_id
    AND coalesce(s.lot_id, '00000000-0000-0000-0000-000000000000')
      = coalesce(b.lot_id, '00000000-0000-0000-0000-000000000000')
LEFT JOIN kept k ON k.balance_id = b.id
WHERE coalesce(b.on_hand - b.owed, 0) <> coalesce(s.quantity, 0) OR coalesce(b.reserved, 0) <> coalesce(k.open, 0)
ORDER BY 1, 2, 3 LIMIT 100
""")
