"""`/api/assets/{id}/as-built`."""

from uuid import UUID

from app.domains.assets import permissions as p
from app.domains.assets.as_built import service
from app.domains.assets.as_built.schemas import AsBuiltRead
from app.domains.assets.errors import AssetNotBuiltHere, AssetNotFound
from app.kernel.api.routing import Router
from app.kernel.tx import ReadTx

router = Router("/api/assets", tags=["Assets"])


@router.get("/{asset_id:uuid}/as-built", permission=p.ASSETS_READ, errors=[AssetNotFound, AssetNotBuiltHere])
def get_asset_as_built(asset_id: UUID, tx: ReadTx) -> AsBuiltRead:
    """What an asset was made of: the lots and serial numbers that production built in."""
    return service.read(tx, asset_id)
