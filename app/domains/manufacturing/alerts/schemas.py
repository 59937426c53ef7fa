"""Bodies of thresholds and of stock alerts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AliasChoices, Field

from app.domains.manufacturing.quantities import Exact, Quantity
from app.domains.manufacturing.words import AlertSeverity
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, ContractInput, Note, Output


class StockThresholdCreate(ContractInput):
    """An alert opens below `minimum` and closes at or above `clear_level` (the minimum when left out).

    Of the thresholds that cover a piece of stock the most specific counts: one that names the item before one for
    all items, then the one whose location is nearest. It watches, for each item, the sum of the stock it counts
    for, in the item's unit.
    """

    item_id: UUID | None = None
    location_id: UUID | None = None
    minimum: Quantity = Field(
        validation_alias=AliasChoices("minimum", "threshold", "min_quantity"), examples=["20"]
    )
    clear_level: Quantity | None = Field(None, examples=["25"])
    severity: AlertSeverity = AlertSeverity.P2
    is_active: bool = True


class StockThresholdPatch(ContractInput):
    minimum: Quantity | None = None
    clear_level: Quantity | None = None
    severity: AlertSeverity | None = None
    is_active: bool | None = None


class StockThresholdFilter(PageParams):
    item_id: UUID | None = None
    location_id: UUID | None = None


class StockThresholdRead(Output):
    id: UUID
    item_id: UUID | None
    location_id: UUID | None
    minimum: Exact
    clear_level: Exact
    severity: AlertSeverity
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class StockAlertFilter(PageParams):
    item_id: UUID | None = None


class StockAlertAcknowledge(ContractInput):
    note: Annotated[Note | None, BlankIsNone] = None


class StockAlertRead(Output):
    """An alert of source STOCK; `quantity` is what there was when it was last looked at."""

    id: UUID
    source: str = Field(examples=["STOCK"])
    severity: AlertSeverity
    status: str = Field(examples=["OPEN"])
    title: str
    message: str
    item_id: UUID
    item_code: str
    location_id: UUID | None
    quantity: Exact
    threshold: Exact
    clear_level: Exact
    uom: str
    target: str | None
    acked_at: datetime | None
    acked_by: str | None
    closed_at: datetime | None
    occurrences: int
    created_at: datetime
