"""Use cases of the registry."""

from uuid import UUID

from sqlalchemy import Select, exists, select

from app.domains.assets.drones.models import Drone
from app.domains.assets.drones.schemas import DroneCreate, DronePatch, DroneRead
from app.domains.assets.errors import DroneInUse, DroneNotFound
from app.domains.assets.events import DroneDeleted, DroneRegistered, DroneUpdated
from app.domains.assets.facts.models import Installation
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx


def living(drone_id: UUID) -> Select[Drone]:
    return select(Drone).where(Drone.id == drone_id, Drone.deleted_at.is_(None))


def hold(tx: WriteTx, drone_id: UUID) -> Drone:
    """The drone, kept from being deleted until the transaction ends. Raises `DroneNotFound`."""
    return tx.get(living(drone_id).with_for_update(read=True), DroneNotFound)


def register(tx: WriteTx, data: DroneCreate) -> Drone:
    drone = tx.add(Drone(**data.model_dump(), created_at=tx.now, updated_at=tx.now))
    tx.emit(
        DroneRegistered(drone_id=drone.id, name=drone.name),
        subject=ref("drone", drone.id),
        after=_state(drone),
    )
    return drone


def change(tx: WriteTx, drone_id: UUID, data: DronePatch) -> Drone:
    drone = tx.get(living(drone_id).with_for_update(), DroneNotFound)
    tx.match(drone)
    before = _state(drone)
    drone.name = data.name or drone.name
    drone.vendor = data.vendor or drone.vendor
    drone.capabilities = drone.capabilities | (data.capabilities or {})
    _touch(tx, drone)
    tx.emit(
        DroneUpdated(drone_id=drone.id, name=drone.name),
        subject=ref("drone", drone.id),
        before=before,
        after=_state(drone),
    )
    return drone


def delete(tx: WriteTx, drone_id: UUID) -> None:
    """Raises `DroneNotFound`, and `DroneInUse` while assets are installed."""
    drone = tx.get(living(drone_id).with_for_update(), DroneNotFound)
    tx.match(drone)
    installed = select(exists().where(Installation.drone_id == drone_id, Installation.ends_at.is_(None)))
    if tx.scalar(installed):
        raise DroneInUse("Unbind the assets that are installed in this drone first.")
    before = _state(drone)
    drone.deleted_at = tx.now
    _touch(tx, drone)
    tx.emit(DroneDeleted(drone_id=drone.id, name=drone.name), subject=ref("drone", drone.id), before=before)


def _touch(tx: WriteTx, drone: Drone) -> None:
    drone.version += 1
    drone.updated_at = tx.now
    tx.flush()


def _state(drone: Drone) -> dict[str, object]:
    return DroneRead.model_validate(drone).model_dump(mode="json")
