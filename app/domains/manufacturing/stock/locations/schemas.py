"""Bodies of locations and lots."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.domains.manufacturing.words import LocationKind
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Code, ContractInput, Name, Output


class LocationCreate(ContractInput):
    """`kind` INTERNAL holds stock; a location below another is of the same kind."""

    code: Code = Field(examples=["BIN-A-01"])
    name: Name | None = Field(None, examples=["Shelf A, bin 1"])
    kind: LocationKind = LocationKind.INTERNAL
    parent_id: UUID | None = None


class LocationPatch(ContractInput):
    """`parent_id` moves the location with everything below it; an explicit null makes it a root."""

    name: Name | None = None
    parent_id: UUID | None = None


class LocationFilter(PageParams):
    kind: LocationKind | None = None
    code: Code | None = None
    parent_id: UUID | None = None


class LocationRead(Output):
    id: UUID
    code: str = Field(examples=["BIN-A-01"])
    name: str | None
    kind: LocationKind
    parent_id: UUID | None
    depth: int
    is_standard: bool
    version: int
    created_at: datetime
    updated_at: datetime


class LotCreate(ContractInput):
    """For an item tracked by SERIAL, `code` is the serial number."""

    item_id: UUID
    code: Code = Field(examples=["L-2026-031"])
    expires_on: date | None = None
    detail: dict[str, Any] = Field(default_factory=dict)


class LotFilter(PageParams):
    item_id: UUID | None = None
    code: Code | None = None


class LotRead(Output):
    id: UUID
    item_id: UUID
    code: str = Field(examples=["L-2026-031"])
    is_serial: bool
    expires_on: date | None
    received_at: datetime | None = Field(description="When any of it first came into stock.")
    detail: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
