"""Use cases of the ledger. Each changes facts; what follows from them is read, never stored."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.assets import events
from app.domains.assets.drones.service import hold
from app.domains.assets.errors import (
    AssetInstalledElsewhere,
    AssetNotBound,
    AssetNotGrounded,
)
from app.domains.assets.facts.alerts import follow_health
from app.domains.assets.facts.locking import lock_in_service, touch
from app.domains.assets.facts.models import Asset, HealthReport, Installation, Placement
from app.domains.assets.ledger.schemas import (
    AssetCreate,
    AssetPatch,
    AvailabilityStatement,
    Bind,
    Grounding,
    HealthReportCreate,
    Release,
)
from app.domains.assets.regions.service import by_code
from app.domains.assets.timeline import service as timeline
from app.domains.assets.words import BlockKind
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx


def register(tx: WriteTx, data: AssetCreate) -> Asset:
    """The database refuses a code that is taken for the type."""
    fields = data.model_dump(exclude={"region_code"})
    asset = tx.add(Asset(**fields, created_at=tx.now, updated_at=tx.now))
    if data.region_code is not None:
        place(tx, asset.id, data.region_code)
    tx.emit(
        events.AssetRegistered(asset_id=asset.id, asset_type=asset.asset_type, asset_code=asset.asset_code),
        subject=ref("asset", asset.id),
        after=data.model_dump(mode="json"),
    )
    return asset


def change(tx: WriteTx, asset_id: UUID, data: AssetPatch) -> Asset:
    asset = lock_in_service(tx, asset_id)
    before = {"name": asset.name, "serial_number": asset.serial_number, "detail": asset.detail}
    asset.name = data.name or asset.name
    if "serial_number" in data.model_fields_set:
        asset.serial_number = data.serial_number
    asset.detail = asset.detail | (data.detail or {})
    touch(tx, asset)
    after = {"name": asset.name, "serial_number": asset.serial_number, "detail": asset.detail}
    tx.emit(
        events.AssetUpdated(asset_id=asset.id), subject=ref("asset", asset.id), before=before, after=after
    )
    return asset


def place(tx: WriteTx, asset_id: UUID, region_code: str) -> None:
    """From now on the asset is in this region; the same region again changes nothing."""
    region_id = by_code(tx, region_code)
    current = _open_fact(tx, Placement, asset_id)
    if current is not None:
        if current.region_id == region_id:
            return
        current.ends_at = max(tx.now, current.starts_at)
        tx.flush()
    tx.add(Placement(asset_id=asset_id, region_id=region_id, starts_at=tx.now))


def bind(tx: WriteTx, asset_id: UUID, data: Bind) -> Asset:
    """Install an asset; where it is already, that is no change.

    Raises `DroneNotFound`, `AssetRetired`, `AssetInstalledElsewhere`; the database refuses a taken slot.
    """
    asset = lock_in_service(tx, asset_id)
    drone = hold(tx, data.bound_to_drone_id)
    current = _open_fact(tx, Installation, asset_id)
    if current is not None:
        if current.drone_id == drone.id:
            if data.slot in (None, current.slot):
                return asset
            raise AssetInstalledElsewhere(
                f"The asset is in slot {current.slot} of this drone; unbind it first."
            )
        raise AssetInstalledElsewhere(f"The asset is installed in drone {current.drone_id}; unbind it first.")
    tx.add(Installation(asset_id=asset_id, drone_id=drone.id, slot=data.slot, starts_at=tx.now))
    touch(tx, asset)
    tx.emit(
        events.AssetBound(asset_id=asset_id, drone_id=drone.id, slot=data.slot),
        subject=ref("asset", asset_id),
        related=[ref("drone", drone.id)],
        before={"bound_to_drone_id": None},
        after={"bound_to_drone_id": str(drone.id)},
    )
    return asset


def unbind(tx: WriteTx, asset_id: UUID) -> Asset:
    """Raises `AssetNotBound`."""
    asset = lock_in_service(tx, asset_id)
    current = _open_fact(tx, Installation, asset_id)
    if current is None or current.drone_id is None:
        raise AssetNotBound("The asset is not installed in a drone.")
    current.ends_at = max(tx.now, current.starts_at)
    touch(tx, asset)
    tx.emit(
        events.AssetUnbound(asset_id=asset_id, drone_id=current.drone_id),
        subject=ref("asset", asset_id),
        related=[ref("drone", current.drone_id)],
        before={"bound_to_drone_id": str(current.drone_id)},
        after={"bound_to_drone_id": None},
    )
    return asset


def state_availability(tx: WriteTx, asset_id: UUID, data: AvailabilityStatement) -> Asset:
    """A manual statement: AVAILABLE withdraws the one before, any other word replaces it."""
    asset = lock_in_service(tx, asset_id)
    _require_future(tx, data.until)
    touch(tx, asset)
    cause = tx.emit(
        events.AssetAvailabilityUpdated(
            asset_id=asset_id, availability_status=data.availability_status, until=data.until
        ),
        subject=ref("asset", asset_id),
        after=data.model_dump(mode="json"),
    )
    with tx.because(cause):
        timeline.state(tx, asset_id, data.availability_status, data.until)
        if data.region_code is not None:
            place(tx, asset_id, data.region_code)
    return asset


def report_health(tx: WriteTx, asset_id: UUID, data: HealthReportCreate) -> Asset:
    asset = lock_in_service(tx, asset_id)
    before = {"health_status": asset.health_status, "health_score": asset.health_score}
    tx.add(
        HealthReport(
            asset_id=asset_id,
            health_status=data.health_status,
            health_score=data.health_score,
            detail=data.detail or {},
            reported_at=tx.now,
            reported_by=tx.actor,
        )
    )
    asset.health_status = data.health_status
    asset.health_score = data.health_score
    asset.last_health_at = tx.now
    asset.detail = asset.detail | (data.detail or {})
    touch(tx, asset)
    cause = tx.emit(
        events.AssetHealthUpdated(
            asset_id=asset_id, health_status=data.health_status, health_score=data.health_score
        ),
        subject=ref("asset", asset_id),
        before=before,
        after=data.model_dump(mode="json"),
    )
    with tx.because(cause):
        follow_health(tx, asset)
    return asset


def ground(tx: WriteTx, asset_id: UUID, data: Grounding) -> Asset:
    asset = lock_in_service(tx, asset_id)
    _require_future(tx, data.until)
    touch(tx, asset)
    cause = tx.emit(
        events.AssetGrounded(asset_id=asset_id, reason=data.reason, until=data.until),
        subject=ref("asset", asset_id),
        after=data.model_dump(mode="json"),
    )
    with tx.because(cause):
        timeline.block(
            tx,
            asset_id,
            BlockKind.GROUNDING,
            until=data.until,
            standing=data.until is None,
            reason=data.reason,
        )
    return asset


def release(tx: WriteTx, asset_id: UUID, data: Release) -> Asset:
    """Raises `AssetNotGrounded`."""
    asset = lock_in_service(tx, asset_id)
    touch(tx, asset)
    cause = tx.emit(
        events.AssetReleased(asset_id=asset_id),
        subject=ref("asset", asset_id),
        after=data.model_dump(mode="json"),
    )
    with tx.because(cause):
        if timeline.end_blocks(tx, asset_id, timeline.grounding_in_force(tx.now)) == 0:
            raise AssetNotGrounded("The asset is not grounded.")
    return asset


def _open_fact(tx: WriteTx, fact: Any, asset_id: UUID) -> Any:
    found = tx.objects(
        select(fact).where(fact.asset_id == asset_id, fact.ends_at.is_(None)).with_for_update()
    )
    return found[0] if found else None


def _require_future(tx: WriteTx, until: Any) -> None:
    if until is not None and until <= tx.now:
        raise invalid("until", "not_in_future", "until must lie in the future.")
