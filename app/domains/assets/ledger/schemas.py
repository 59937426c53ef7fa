"""Bodies of the ledger."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, Code, ContractInput, Name, Output


class AssetType(StrEnum):
    UAV = "UAV"
    PAYLOAD = "PAYLOAD"
    BATTERY = "BATTERY"
    CONTROLLER = "CONTROLLER"
    DOCK = "DOCK"


class Availability(StrEnum):
    AVAILABLE = "AVAILABLE"
    RESERVED = "RESERVED"
    IN_USE = "IN_USE"
    MAINTENANCE = "MAINTENANCE"
    UNAVAILABLE = "UNAVAILABLE"


OptionalCode = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None, BlankIsNone
]


class AssetCreate(ContractInput):
    asset_type: AssetType
    asset_code: Code
    name: Name
    serial_number: OptionalCode = None
    region_code: OptionalCode = None
    detail: dict[str, Any] = {}


class AvailabilityStatement(ContractInput):
    availability_status: Availability
    region_code: OptionalCode = None


class AssetFilter(PageParams):
    asset_type: AssetType | None = None
    availability_status: Availability | None = None
    region_code: str | None = Field(None, max_length=100)


class AssetRead(Output):
    id: UUID
    tenant_id: UUID
    asset_type: str
    asset_code: str
    name: str
    serial_number: str | None
    availability_status: str
    health_status: str
    health_score: int | None
    region_code: str | None
    bound_to_drone_id: UUID | None
    detail: dict[str, Any]
    retired_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
