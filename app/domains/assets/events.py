"""Events of the fleet."""

from uuid import UUID

from app.domains.assets import permissions as p
from app.kernel.events.envelope import Event


class DroneRegistered(Event, type="drone.registered", permission=p.REGISTRY_READ):
    """A drone was registered."""

    drone_id: UUID
    name: str


class AssetRegistered(Event, type="asset.registered", permission=p.ASSETS_READ):
    """An asset was registered in the ledger."""

    asset_id: UUID
    asset_type: str
    asset_code: str


class AssetAvailabilityUpdated(Event, type="asset.availability_updated", permission=p.ASSETS_READ):
    """Somebody stated an asset's availability."""

    asset_id: UUID
    availability_status: str
