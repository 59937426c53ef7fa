"""`/api/warehouse/stock`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.stock.errors import (
    InsufficientStock,
    ItemNotStocked,
    LocationNotFound,
    LotNotFound,
    MoveBelongsToDemand,
    MoveReversed,
    SerialInStock,
    StockMoveNotFound,
)
from app.domains.manufacturing.stock.ledger import queries, service
from app.domains.manufacturing.stock.ledger.schemas import (
    DebtFilter,
    DebtRead,
    LedgerCheck,
    LedgerDifference,
    MoveCreate,
    MoveFilter,
    MoveRead,
    MoveReverse,
    StockCount,
    StockFilter,
    StockRead,
)
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/warehouse/stock", tags=["Stock"])

_MOVING = [ItemNotFound, LocationNotFound, LotNotFound, ItemNotStocked, InsufficientStock, SerialInStock]


@router.get("", permission=p.WAREHOUSE_VIEW)
def list_stock(tx: ReadTx, wanted: Annotated[StockFilter, Query()]) -> Page[StockRead]:
    """What is where, by item, location and lot; empty places are left out."""
    return page(
        tx,
        queries.stock(wanted),
        wanted,
        StockRead.model_validate,
        keys=queries.STOCK_SORT,
        default="item_code",
    )


@router.post("/moves", permission=p.WAREHOUSE_CREATE, status_code=201, errors=_MOVING)
def create_stock_move(body: MoveCreate, tx: WriteTx) -> MoveRead:
    """Receive, issue, transfer or adjust stock."""
    return _move(tx, service.move(tx, body))


@router.get("/moves", permission=p.WAREHOUSE_VIEW)
def list_stock_moves(tx: ReadTx, wanted: Annotated[MoveFilter, Query()]) -> Page[MoveRead]:
    """The ledger, newest first."""
    return page(
        tx, queries.moves(wanted), wanted, MoveRead.model_validate, keys=queries.MOVE_SORT, default="-id"
    )


@router.get("/moves/{stock_move_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[StockMoveNotFound])
def get_stock_move(stock_move_id: UUID, tx: ReadTx) -> MoveRead:
    """One move."""
    return _move(tx, stock_move_id)


@router.post(
    "/moves/{stock_move_id:uuid}:reverse",
    permission=p.WAREHOUSE_UPDATE,
    status_code=201,
    errors=[StockMoveNotFound, MoveReversed, MoveBelongsToDemand, InsufficientStock, SerialInStock],
)
def reverse_stock_move(stock_move_id: UUID, body: MoveReverse, tx: WriteTx) -> MoveRead:
    """Move it back. The ledger is never edited."""
    return _move(tx, service.reverse(tx, stock_move_id, body))


@router.post(":count", permission=p.WAREHOUSE_UPDATE, errors=_MOVING)
def count_stock(body: StockCount, tx: WriteTx) -> StockRead:
    """Make the books say what was counted."""
    service.count(tx, body)
    found = queries.place(body.item_id, body.location_id, body.lot_id)
    return StockRead.model_validate(tx.one(found, LocationNotFound))


@router.get("/debts", permission=p.WAREHOUSE_VIEW)
def list_stock_debts(tx: ReadTx, wanted: Annotated[DebtFilter, Query()]) -> Page[DebtRead]:
    """What was taken by approval beyond what was there, oldest first."""
    return page(
        tx, queries.debts(wanted), wanted, DebtRead.model_validate, keys=queries.DEBT_SORT, default="id"
    )


@router.get(":verify", permission=p.WAREHOUSE_VIEW)
def verify_stock_ledger(tx: ReadTx) -> LedgerCheck:
    """Check every balance against the sum of its moves, and what it keeps against its open reservations."""
    counts = tx.conn.execute(queries.COUNTS).one()
    differences = [LedgerDifference.model_validate(row) for row in tx.conn.execute(queries.DIFFERENCES)]
    return LedgerCheck(
        sound=not differences, moves=counts.moves, balances=counts.balances, differences=differences
    )


def _move(tx: ReadTx, move_id: UUID) -> MoveRead:
    return MoveRead.model_validate(tx.one(queries.move(move_id), StockMoveNotFound))
