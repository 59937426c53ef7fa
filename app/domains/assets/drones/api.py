"""`/api/registry/drones`."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domains.assets import permissions as p
from app.domains.assets.drones.models import Drone
from app.domains.assets.errors import DroneNameTaken
from app.domains.assets.events import DroneRegistered
from app.kernel.api.routing import Router
from app.kernel.api.schemas import ContractInput, Name, Output
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx

router = Router("/api/registry/drones", tags=["Registry"])


class Vendor(StrEnum):
    DJI = "DJI"
    MAVLINK = "MAVLINK"
    FAKE = "FAKE"


class DroneCreate(ContractInput):
    name: Name
    vendor: Vendor
    capabilities: dict[str, Any] = {}


class DroneRead(Output):
    id: UUID
    tenant_id: UUID
    name: str
    vendor: str
    capabilities: dict[str, Any]
    version: int


@router.post("", permission=p.REGISTRY_WRITE, status_code=201, errors=[DroneNameTaken])
def create_drone(body: DroneCreate, tx: WriteTx) -> DroneRead:
    """Register a drone."""
    drone = tx.add(Drone(**body.model_dump(), created_at=tx.now, updated_at=tx.now))
    tx.emit(DroneRegistered(drone_id=drone.id, name=drone.name), subject=ref("drone", drone.id))
    return DroneRead.model_validate(drone)
