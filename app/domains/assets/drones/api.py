"""`/api/registry/drones`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.assets import permissions as p
from app.domains.assets.drones import service
from app.domains.assets.drones.models import Drone
from app.domains.assets.drones.schemas import DroneCreate, DronePatch, DroneRead
from app.domains.assets.errors import DroneInUse, DroneNameTaken, DroneNotFound
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/registry/drones", tags=["Registry"])

_COLUMNS = select(*Drone.__table__.c).where(Drone.deleted_at.is_(None))
_SORT = {"id": Drone.id, "name": Drone.name, "created_at": Drone.created_at}


@router.post("", permission=p.REGISTRY_WRITE, status_code=201, errors=[DroneNameTaken])
def create_drone(body: DroneCreate, tx: WriteTx) -> DroneRead:
    """Register a drone."""
    return DroneRead.model_validate(service.register(tx, body))


@router.get("", permission=p.REGISTRY_READ)
def list_drones(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[DroneRead]:
    """The registry."""
    return page(tx, _COLUMNS, wanted, DroneRead.model_validate, keys=_SORT, default="id")


@router.get("/{drone_id:uuid}", permission=p.REGISTRY_READ, errors=[DroneNotFound])
def get_drone(drone_id: UUID, tx: ReadTx) -> DroneRead:
    """One drone."""
    return DroneRead.model_validate(tx.one(_COLUMNS.where(Drone.id == drone_id), DroneNotFound))


@router.patch("/{drone_id:uuid}", permission=p.REGISTRY_WRITE, errors=[DroneNotFound, DroneNameTaken])
def update_drone(drone_id: UUID, body: DronePatch, tx: WriteTx) -> DroneRead:
    """Change a drone; `capabilities` is merged."""
    return DroneRead.model_validate(service.change(tx, drone_id, body))


@router.delete("/{drone_id:uuid}", permission=p.REGISTRY_WRITE, errors=[DroneNotFound, DroneInUse])
def delete_drone(drone_id: UUID, tx: WriteTx) -> None:
    """Take a drone out of the registry; its past stays readable."""
    service.delete(tx, drone_id)
