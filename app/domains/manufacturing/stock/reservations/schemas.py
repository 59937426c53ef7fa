"""Bodies of reservations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from app.domains.manufacturing.quantities import Exact, Quantity
from app.domains.manufacturing.stock.ledger.schemas import SourceRef
from app.domains.manufacturing.units.schemas import UnitCode
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Input, Output

LineRef = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ReservationLine(Input):
    """`location_id` means it and all below. Without lot and location, stock is taken by the item's pick policy."""

    item_id: UUID
    quantity: Quantity
    uom: UnitCode | None = Field(None, description="The item's unit when left out.")
    line_ref: LineRef | None = Field(None, description="Tells lines of one item apart.")
    location_id: UUID | None = None
    lot_id: UUID | None = None


class StockReservationCreate(Input):
    """Keep stock for a demand: all of it or nothing, unless `partial`."""

    demand_ref: SourceRef = Field(examples=["sale:4711"])
    lines: list[ReservationLine] = Field(min_length=1, max_length=1000)
    partial: StrictBool = False


class StockReservationRelease(Input):
    quantity: Quantity | None = Field(None, description="All that is open when left out.")


class StockReservationFilter(PageParams):
    demand_ref: SourceRef | None = None
    item_id: UUID | None = None
    open_only: bool = False


class StockReservationRead(Output):
    """`open` is still kept: what was reserved less what was issued and released."""

    id: UUID
    demand_ref: str
    line_ref: str | None
    item_id: UUID
    location_id: UUID
    lot_id: UUID | None
    quantity: Exact
    issued: Exact
    released: Exact
    returned: Exact
    open: Exact
    created_by: str
    created_at: datetime


class ShortageRead(Output):
    line_ref: str | None
    item_id: UUID
    requested: Exact
    allocated: Exact


class StockReservationMade(Output):
    demand_ref: str
    reservations: list[StockReservationRead]
    shortages: list[ShortageRead] = Field(description="Lines that got less; empty unless `partial`.")
