"""Bodies of the registry."""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.domains.assets.words import Vendor
from app.kernel.api.schemas import ContractInput, Name, Output


class DroneCreate(ContractInput):
    name: Name
    vendor: Vendor
    capabilities: dict[str, Any] = {}


class DronePatch(ContractInput):
    """Only what is sent changes; `capabilities` is merged key by key."""

    name: Name | None = None
    vendor: Vendor | None = None
    capabilities: dict[str, Any] | None = None


class DroneRead(Output):
    id: UUID
    tenant_id: UUID
    name: str
    vendor: Vendor
    capabilities: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
