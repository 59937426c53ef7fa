"""Bodies of balances and moves."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from app.domains.manufacturing.quantities import Amount, Exact, Quantity
from app.domains.manufacturing.units.schemas import UnitCode
from app.domains.manufacturing.words import MoveType
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, Code, ContractInput, Input, Note, Output

SourceRef = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_OptionalNote = Annotated[Note | None, BlankIsNone]


class MoveCreate(ContractInput):
    """What moves from where to where.

    The standard location of the kind that `move_type` means is taken for a place that is left out: RECEIVE is from
    SUPPLIER to STOCK, ISSUE from STOCK to PRODUCTION, RETURN from CUSTOMER to STOCK, TRANSFER from STOCK, ADJUST
    from or to LOSS. Without `move_type` the places say it. A lot is named by id or by code; what is received under
    a new `lot_code` makes the lot. `approve_negative` takes what the books don't have: it needs `warehouse.approve`
    and a `reason`, and the next receipt settles it.
    """

    item_id: UUID
    quantity: Quantity
    uom: UnitCode | None = Field(None, examples=["pcs"], description="The item's unit when left out.")
    move_type: MoveType | None = Field(None, examples=["RECEIVE"])
    from_location_id: UUID | None = None
    to_location_id: UUID | None = None
    lot_id: UUID | None = None
    lot_code: Annotated[Code | None, BlankIsNone] = None
    expires_on: date | None = None
    unit_cost: Amount | None = Field(None, description="Per item unit; the standard cost when left out.")
    source_ref: SourceRef | None = Field(None, examples=["purchase:4711"])
    reason: _OptionalNote = None
    approve_negative: StrictBool = False


class MoveReverse(Input):
    reason: Note = Field(examples=["Booked twice"])


class StockCount(Input):
    """What was counted of one item at one place. The difference to the books is moved from or to LOSS."""

    item_id: UUID
    location_id: UUID
    lot_id: UUID | None = None
    counted_quantity: Amount
    reason: Note = Field(examples=["Stocktake 2026"])


class MoveFilter(PageParams):
    item_id: UUID | None = None
    location_id: UUID | None = None
    lot_id: UUID | None = None
    source_ref: SourceRef | None = None
    move_type: MoveType | None = None


class MoveRead(Output):
    id: UUID
    move_type: MoveType
    item_id: UUID
    lot_id: UUID | None
    from_location_id: UUID
    to_location_id: UUID
    quantity: Exact
    uom: str = Field(examples=["pcs"])
    unit_cost: Exact | None
    source_ref: str | None
    reservation_id: UUID | None
    reverses_id: UUID | None
    reason: str | None
    created_by: str
    created_at: datetime


class StockFilter(PageParams):
    item_id: UUID | None = None
    location_id: UUID | None = None
    lot_id: UUID | None = None


class StockRead(Output):
    """`available` is `on_hand - reserved`. `owed` was taken by approval beyond what was there."""

    id: UUID
    item_id: UUID
    item_code: str
    location_id: UUID
    location_code: str
    lot_id: UUID | None
    lot_code: str | None
    expires_on: date | None
    uom: str
    on_hand: Exact
    reserved: Exact
    available: Exact
    owed: Exact


class DebtRead(Output):
    """`settled_at` is set when receipts have covered all of it."""

    id: UUID
    move_id: UUID
    item_id: UUID
    location_id: UUID
    lot_id: UUID | None
    quantity: Exact
    settled: Exact
    reason: str
    approved_by: str
    created_at: datetime
    settled_at: datetime | None


class DebtFilter(PageParams):
    item_id: UUID | None = None
    open_only: bool = True


class LedgerCheck(Output):
    """`sound` when the moves of every item add up to zero over all places, and to each balance.

    `differences` lists up to 100 places where a balance is not the sum of its moves, or keeps another quantity
    than its open reservations.
    """

    sound: bool
    moves: int
    balances: int
    differences: list["LedgerDifference"]


class LedgerDifference(Output):
    item_id: UUID
    location_id: UUID
    lot_id: UUID | None
    balance: Exact
    moves: Exact
    reserved: Exact
    reservations: Exact
