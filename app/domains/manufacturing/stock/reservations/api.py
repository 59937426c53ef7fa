"""`/api/warehouse/reservations`."""

from fractions import Fraction
from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.quantities import rounded
from app.domains.manufacturing.stock.errors import (
    InsufficientStock,
    LocationNotFound,
    StockReservationEnded,
    StockReservationNotFound,
)
from app.domains.manufacturing.stock.ledger.post import insufficient
from app.domains.manufacturing.stock.models import StockReservation
from app.domains.manufacturing.stock.reservations import keeping
from app.domains.manufacturing.stock.reservations.schemas import (
    ReservationLine,
    ShortageRead,
    StockReservationCreate,
    StockReservationFilter,
    StockReservationMade,
    StockReservationRead,
    StockReservationRelease,
)
from app.domains.manufacturing.stock.reservations.words import Line
from app.domains.manufacturing.units import service as units
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/warehouse/reservations", tags=["Stock"])

_COLUMNS = select(*StockReservation.__table__.c)
_SORT = {"id": StockReservation.id, "created_at": StockReservation.created_at}


@router.post(
    "",
    permission=p.WAREHOUSE_UPDATE,
    status_code=201,
    errors=[ItemNotFound, LocationNotFound, InsufficientStock],
)
def create_stock_reservation(body: StockReservationCreate, tx: WriteTx) -> StockReservationMade:
    """Keep stock for a demand."""
    known = items.get_many(tx, {line.item_id for line in body.lines})
    lines = [_line(tx, line, known[line.item_id].uom) for line in body.lines]
    made = keeping.reserve(tx, body.demand_ref, lines)
    if made.shortages and not body.partial:
        raise insufficient(
            known, [((s.item_id, None, None), s.requested, s.allocated) for s in made.shortages]
        )
    rows = tx.all(_COLUMNS.where(StockReservation.id.in_([a.reservation_id for a in made.allocations])))
    return StockReservationMade(
        demand_ref=body.demand_ref,
        reservations=sorted(map(StockReservationRead.model_validate, rows), key=lambda row: row.id),
        shortages=[ShortageRead.model_validate(shortage) for shortage in made.shortages],
    )


@router.get("", permission=p.WAREHOUSE_VIEW)
def list_stock_reservations(
    tx: ReadTx, wanted: Annotated[StockReservationFilter, Query()]
) -> Page[StockReservationRead]:
    """What is and was kept for demands, oldest first."""
    found = _COLUMNS
    if wanted.demand_ref is not None:
        found = found.where(StockReservation.demand_ref == wanted.demand_ref)
    if wanted.item_id is not None:
        found = found.where(StockReservation.item_id == wanted.item_id)
    if wanted.open_only:
        found = found.where(StockReservation.open > 0)
    return page(tx, found, wanted, StockReservationRead.model_validate, keys=_SORT, default="id")


@router.get("/{stock_reservation_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[StockReservationNotFound])
def get_stock_reservation(stock_reservation_id: UUID, tx: ReadTx) -> StockReservationRead:
    """One reservation of stock."""
    return _read(tx, stock_reservation_id)


@router.post(
    "/{stock_reservation_id:uuid}:release",
    permission=p.WAREHOUSE_UPDATE,
    errors=[StockReservationNotFound, StockReservationEnded],
)
def release_stock_reservation(
    stock_reservation_id: UUID, body: StockReservationRelease, tx: WriteTx
) -> StockReservationRead:
    """Set free what is kept, or a part of it."""
    keeping.release_one(tx, stock_reservation_id, body.quantity)
    return _read(tx, stock_reservation_id)


def _line(tx: ReadTx, line: ReservationLine, uom: str) -> Line:
    quantity = line.quantity
    if line.uom is not None:
        quantity = rounded(Fraction(quantity) * units.factor(tx, line.uom, uom, field="lines"))
    return Line(line.item_id, quantity, line.line_ref, line.location_id, line.lot_id)


def _read(tx: ReadTx, reservation_id: UUID) -> StockReservationRead:
    found = _COLUMNS.where(StockReservation.id == reservation_id)
    return StockReservationRead.model_validate(tx.one(found, StockReservationNotFound))
