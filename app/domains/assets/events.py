"""Events of the fleet; the names are the first system's where it had one."""

from datetime import datetime
from uuid import UUID

from app.domains.assets import permissions as p
from app.kernel.events.envelope import Event


class DroneRegistered(Event, type="drone.registered", permission=p.REGISTRY_READ):
    """A drone was registered."""

    drone_id: UUID
    name: str


class DroneUpdated(Event, type="drone.updated", permission=p.REGISTRY_READ):
    """A drone's name, vendor or capabilities changed."""

    drone_id: UUID
    name: str


class DroneDeleted(Event, type="drone.deleted", permission=p.REGISTRY_READ):
    """A drone was taken out of the registry."""

    drone_id: UUID
    name: str


class RegionCreated(Event, type="region.created", permission=p.ASSETS_READ):
    """A region was created, by itself or because an asset was placed in it."""

    region_id: UUID
    region_code: str


class RegionUpdated(Event, type="region.updated", permission=p.ASSETS_READ):
    """A region was renamed or moved in the tree."""

    region_id: UUID
    region_code: str


class AssetRegistered(Event, type="asset.registered", permission=p.ASSETS_READ):
    """An asset was registered in the ledger."""

    asset_id: UUID
    asset_type: str
    asset_code: str


class AssetBuilt(Event, type="asset.built", permission=p.ASSETS_READ):
    """Production finished a unit and it was registered; related are its serial, its task and every lot in it."""

    asset_id: UUID
    task_id: UUID
    lot_id: UUID


class AssetUpdated(Event, type="asset.updated", permission=p.ASSETS_READ):
    """An asset's name, serial number or detail changed."""

    asset_id: UUID


class AssetBound(Event, type="asset.bound", permission=p.ASSETS_READ):
    """An asset was installed in a drone."""

    asset_id: UUID
    drone_id: UUID
    slot: str | None


class AssetUnbound(Event, type="asset.unbound", permission=p.ASSETS_READ):
    """An asset was taken out of a drone."""

    asset_id: UUID
    drone_id: UUID


class AssetRetired(Event, type="asset.retired", permission=p.ASSETS_READ):
    """An asset was retired for good."""

    asset_id: UUID
    reason: str


class AssetAvailabilityUpdated(Event, type="asset.availability_updated", permission=p.ASSETS_READ):
    """Somebody stated an asset's availability by hand; what it is now is derived and may differ."""

    asset_id: UUID
    availability_status: str
    until: datetime | None


class AssetHealthUpdated(Event, type="asset.health_updated", permission=p.ASSETS_READ):
    """A health report came in."""

    asset_id: UUID
    health_status: str
    health_score: int | None


class AssetGrounded(Event, type="asset.grounded", permission=p.ASSETS_READ):
    """An asset was grounded."""

    asset_id: UUID
    reason: str
    until: datetime | None


class AssetReleased(Event, type="asset.released", permission=p.ASSETS_READ):
    """A grounded asset was returned to service."""

    asset_id: UUID


class ReservationMade(Event, type="reservation.made", permission=p.ASSETS_READ):
    """An asset was reserved."""

    reservation_id: UUID
    asset_id: UUID
    starts_at: datetime
    ends_at: datetime


class ReservationCanceled(Event, type="reservation.canceled", permission=p.ASSETS_READ):
    """A reservation was canceled."""

    reservation_id: UUID
    asset_id: UUID


class ReservationAtRisk(Event, type="reservation.at_risk", permission=p.ASSETS_READ):
    """Work, a grounding or a statement now overlaps a reservation: find another asset, or wait."""

    reservation_id: UUID
    asset_id: UUID
    starts_at: datetime
    ends_at: datetime


class ReservationRestored(Event, type="reservation.restored", permission=p.ASSETS_READ):
    """What put a reservation at risk is over."""

    reservation_id: UUID
    asset_id: UUID


class WorkOrderOpened(Event, type="asset.maintenance_workorder.created", permission=p.MAINTENANCE_READ):
    """A work order was opened."""

    workorder_id: UUID
    asset_id: UUID
    title: str
    priority: int


class WorkOrderMoved(Event, type="asset.maintenance_workorder.status_changed", permission=p.MAINTENANCE_READ):
    """A work order changed its status or its assignee."""

    workorder_id: UUID
    asset_id: UUID
    from_status: str
    to_status: str


class WorkOrderClosed(Event, type="asset.maintenance_workorder.closed", permission=p.MAINTENANCE_READ):
    """A work order was closed."""

    workorder_id: UUID
    asset_id: UUID
