"""Use cases of the ledger."""

from uuid import UUID

from sqlalchemy import select

from app.domains.assets.errors import AssetNotFound, AssetRetired
from app.domains.assets.events import AssetAvailabilityUpdated, AssetRegistered
from app.domains.assets.ledger.models import Asset
from app.domains.assets.ledger.schemas import AssetCreate, AvailabilityStatement
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx


def register(tx: WriteTx, data: AssetCreate) -> Asset:
    asset = tx.add(Asset(**data.model_dump(), created_at=tx.now, updated_at=tx.now))
    event = AssetRegistered(asset_id=asset.id, asset_type=asset.asset_type, asset_code=asset.asset_code)
    tx.emit(event, subject=ref("asset", asset.id), after=data.model_dump(mode="json"))
    return asset


def state_availability(tx: WriteTx, asset_id: UUID, data: AvailabilityStatement) -> Asset:
    """Raises `AssetNotFound`, `AssetRetired`."""
    asset = tx.get(select(Asset).where(Asset.id == asset_id).with_for_update(), AssetNotFound)
    tx.match(asset)
    if asset.retired_at is not None:
        raise AssetRetired("A retired asset's availability can't be stated.")
    asset.availability_status = data.availability_status
    asset.region_code = data.region_code or asset.region_code
    asset.version += 1
    asset.updated_at = tx.now
    tx.flush()
    event = AssetAvailabilityUpdated(asset_id=asset.id, availability_status=asset.availability_status)
    tx.emit(event, subject=ref("asset", asset.id), after=data.model_dump(mode="json"))
    return asset
