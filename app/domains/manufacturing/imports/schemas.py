"""Rows of files, and bodies of import plans."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.domains.manufacturing.bom.schemas import Operation, Place
from app.domains.manufacturing.bom.words import AnyBomType, BomType, Percent, Quantity, QuantityOrZero
from app.domains.manufacturing.quantities import Amount
from app.domains.manufacturing.units.schemas import UnitCode
from app.domains.manufacturing.words import ItemType, Tracking
from app.kernel.api.schemas import Code, Output, Title


class ImportKind(StrEnum):
    ITEMS = "ITEMS"
    BOMS = "BOMS"


class ImportStatus(StrEnum):
    PLANNED = "PLANNED"
    INVALID = "INVALID"
    APPLIED = "APPLIED"


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class _FileRow(BaseModel):
    """Empty cells are left out, so defaults hold."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if name and value != ""}


class ItemRow(_FileRow):
    """What is left empty of an item that exists stays as it is."""

    code: Code
    name: Title
    item_type: Annotated[ItemType, BeforeValidator(_upper)]
    uom: UnitCode
    tracking: Annotated[Tracking, BeforeValidator(_upper)] | None = None
    lead_time_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    standard_cost: Amount | None = None

    @model_validator(mode="after")
    def _services_have_no_stock(self) -> "ItemRow":
        if self.item_type is ItemType.SERVICE and self.tracking not in {None, Tracking.NONE}:
            raise ValueError("a service has no stock, so there is nothing to track")
        return self


class BomRow(_FileRow):
    """One line. `qty_output` must be the same in all rows of a product."""

    product_code: Code
    bom_type: AnyBomType = BomType.MANUFACTURING
    qty_output: Quantity = Decimal(1)
    component_code: Code
    qty_needed: Quantity
    wastage_percent: Percent = Decimal(0)
    fixed_qty: QuantityOrZero = Decimal(0)
    position: Place | None = None
    is_phantom: bool = False
    operation: Operation | None = None


class RowError(Output):
    row: int = Field(description="As the file numbers them; the header is row 1.")
    column: str | None
    code: str
    detail: str


class ImportChange(Output):
    """One item or bill of materials. `fields` says what differs: before and after."""

    change: str = Field(examples=["CREATE", "UPDATE"])
    key: str = Field(examples=["MOTOR-2306"])
    row: int
    fields: dict[str, list[Any]]


class ImportRead(Output):
    """At most 1,000 errors and changes are shown; the counts count all."""

    id: UUID
    kind: ImportKind
    file_name: str | None
    status: ImportStatus
    row_count: int
    create_count: int
    update_count: int
    unchanged_count: int
    error_count: int
    errors: list[RowError]
    changes: list[ImportChange]
    created_by: str
    created_at: datetime
    applied_at: datetime | None
    version: int
