"""Events of the warehouse."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import PlainSerializer

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.quantities import plain
from app.kernel.events.envelope import Event

_Exact = Annotated[Decimal, PlainSerializer(plain, return_type=str)]


class LocationCreated(Event, type="location.created", permission=p.WAREHOUSE_VIEW):
    """A location was defined."""

    location_id: UUID
    code: str


class LocationUpdated(Event, type="location.updated", permission=p.WAREHOUSE_VIEW):
    """A location was renamed or moved in the tree."""

    location_id: UUID
    code: str


class LotCreated(Event, type="lot.created", permission=p.WAREHOUSE_VIEW):
    """A lot or serial number of an item was seen first."""

    lot_id: UUID
    item_id: UUID
    code: str


class StockMoved(Event, type="stock.moved", permission=p.WAREHOUSE_VIEW):
    """Stock moved. `item_ids`: each item of the moves once; `source_ref`: what it was for."""

    moves: int
    move_type: str
    item_ids: list[UUID]
    source_ref: str | None


class StockReserved(Event, type="stock.reserved", permission=p.WAREHOUSE_VIEW):
    """Stock was kept for a demand; `short` counts the lines that got less than they asked for."""

    demand_ref: str
    lines: int
    short: int


class StockReleased(Event, type="stock.released", permission=p.WAREHOUSE_VIEW):
    """Stock that was kept for a demand is free again."""

    demand_ref: str
    reservations: int


class StockOwed(Event, type="stock.owed", permission=p.WAREHOUSE_VIEW):
    """More was taken than the books had, by approval; receipts settle it."""

    debt_id: UUID
    item_id: UUID
    quantity: _Exact
    reason: str


class StockDebtSettled(Event, type="stock.debt_settled", permission=p.WAREHOUSE_VIEW):
    """A receipt settled what was owed, or a part of it."""

    debt_id: UUID
    item_id: UUID
    settled: _Exact
    left: _Exact
