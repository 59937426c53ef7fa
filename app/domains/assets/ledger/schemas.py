"""Bodies of the ledger."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from app.domains.assets.words import (
    AssetType,
    Availability,
    HealthStatus,
    Lifecycle,
    OptionalCode,
    OptionalRegion,
    When,
)
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Code, ContractInput, Filter, Input, Name, NumberOnly, Output

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
AsOf = Annotated[When | None, Field(description="Answer as things were at this instant.")]


class AssetCreate(ContractInput):
    asset_type: AssetType
    asset_code: Code = Field(examples=["UAV-001"])
    name: Name = Field(examples=["Survey drone 1"])
    serial_number: OptionalCode = Field(None, examples=["SN-4711"])
    region_code: OptionalRegion = Field(None, examples=["REGION-EAST"])
    detail: dict[str, Any] = {}


class AssetPatch(Input):
    """Only what is sent changes; `detail` is merged key by key."""

    name: Name | None = Field(None, examples=["Survey drone 1b"])
    serial_number: OptionalCode = None
    detail: dict[str, Any] | None = None


class Bind(ContractInput):
    bound_to_drone_id: UUID
    slot: OptionalCode = None


class AvailabilityStatement(ContractInput):
    """AVAILABLE clears manual statements; the other words make one. A region left out is kept."""

    availability_status: Availability
    region_code: OptionalRegion = None
    until: When | None = None


class HealthReportCreate(ContractInput):
    health_status: HealthStatus = Field(examples=["DEGRADED"])
    health_score: Annotated[int, Field(ge=0, le=100), NumberOnly] | None = Field(None, examples=[62])
    detail: dict[str, Any] | None = Field(None, examples=[{"vibration": "high"}])


class Retirement(ContractInput):
    reason: Reason = Field(examples=["Damaged beyond repair"])


class Grounding(Input):
    reason: Reason = Field(examples=["Service bulletin 12"])
    until: When | None = None


class Release(Input):
    note: Reason | None = Field(None, examples=["Inspected, nothing found"])


class AssetFilter(PageParams):
    asset_type: AssetType | None = None
    lifecycle_status: Lifecycle | None = None
    availability_status: Availability | None = None
    health_status: HealthStatus | None = None
    region_code: Annotated[str | None, Field(max_length=100, description="This region and all below it.")] = (
        None
    )
    as_of: AsOf = None


class PoolFilter(PageParams):
    """`availability_status` is AVAILABLE unless another word is asked for."""

    asset_type: AssetType | None = None
    availability_status: Availability = Availability.AVAILABLE
    health_status: HealthStatus | None = None
    region_code: Annotated[str | None, Field(max_length=100, description="This region and all below it.")] = (
        None
    )
    min_health_score: Annotated[int | None, Field(ge=0, le=100)] = None
    as_of: AsOf = None


class PoolSummaryFilter(Filter):
    asset_type: AssetType | None = None
    health_status: HealthStatus | None = None
    region_code: Annotated[str | None, Field(max_length=100, description="This region and all below it.")] = (
        None
    )
    min_health_score: Annotated[int | None, Field(ge=0, le=100)] = None
    as_of: AsOf = None


class AvailabilityReason(Output):
    """One thing that keeps an asset from being available. `until` is null while nobody can say."""

    code: str = Field(examples=["MAINTENANCE"])
    ref: str | None = Field(examples=["workorder:01920000-0000-7000-8000-000000000003"])
    detail: str | None
    starts_at: datetime | None
    until: datetime | None


class AssetRead(Output):
    id: UUID
    tenant_id: UUID
    asset_type: AssetType
    asset_code: str = Field(examples=["UAV-001"])
    name: str = Field(examples=["Survey drone 1"])
    serial_number: str | None
    lifecycle_status: Lifecycle
    availability_status: Availability
    availability_reasons: list[AvailabilityReason] = Field(examples=[[]])
    next_available_at: datetime | None = Field(
        description="When what holds it now is over; null when nothing does, or nobody can say."
    )
    health_status: HealthStatus
    health_score: int | None
    region_code: str | None
    bound_to_drone_id: UUID | None
    slot: str | None
    detail: dict[str, Any]
    bound_at: datetime | None
    last_health_at: datetime | None
    retired_at: datetime | None
    retired_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class PoolSummaryRow(Output):
    region_code: str = Field(examples=["REGION-EAST"], description="`UNASSIGNED` for assets in no region.")
    total_assets: int
    available_assets: int
    by_type: dict[str, int] = Field(examples=[{"UAV": 1}])
    by_availability: dict[str, int] = Field(examples=[{"AVAILABLE": 1}])
    healthy_assets: int
    average_health_score: float | None = Field(examples=[87.5])
