"""Bodies of the registry."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.domains.assets.words import Vendor
from app.kernel.api.schemas import ContractInput, Name, Output


class DroneCreate(ContractInput):
    name: Name = Field(examples=["falcon-1"])
    vendor: Vendor
    capabilities: dict[str, Any] = Field({}, examples=[{"max_altitude_m": 500}])


class DronePatch(ContractInput):
    """Only what is sent changes; `capabilities` is merged key by key."""

    name: Name | None = None
    vendor: Vendor | None = None
    capabilities: dict[str, Any] | None = Field(None, examples=[{"thermal_camera": True}])


class DroneRead(Output):
    id: UUID
    tenant_id: UUID
    name: str = Field(examples=["falcon-1"])
    vendor: Vendor
    capabilities: dict[str, Any] = Field(examples=[{"max_altitude_m": 500}])
    version: int
    created_at: datetime
    updated_at: datetime
