"""`/api/assets`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.assets import permissions as p
from app.domains.assets.errors import AssetCodeTaken, AssetNotFound, AssetRetired
from app.domains.assets.ledger import queries, service
from app.domains.assets.ledger.schemas import AssetCreate, AssetFilter, AssetRead, AvailabilityStatement
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/assets", tags=["Assets"])


@router.post("", permission=p.ASSETS_WRITE, status_code=201, errors=[AssetCodeTaken])
def create_asset(body: AssetCreate, tx: WriteTx) -> AssetRead:
    """Register an asset."""
    return AssetRead.model_validate(service.register(tx, body))


@router.get("", permission=p.ASSETS_READ)
def list_assets(tx: ReadTx, wanted: Annotated[AssetFilter, Query()]) -> Page[AssetRead]:
    """Assets, newest last."""
    return page(tx, queries.filtered(wanted), wanted, AssetRead.model_validate, keys=queries.SORT, default="id")


@router.get("/{asset_id:uuid}", permission=p.ASSETS_READ, errors=[AssetNotFound])
def get_asset(asset_id: UUID, tx: ReadTx) -> AssetRead:
    """One asset."""
    return AssetRead.model_validate(tx.one(queries.asset(asset_id), AssetNotFound))


@router.post(
    "/{asset_id:uuid}/availability", permission=p.ASSETS_WRITE, errors=[AssetNotFound, AssetRetired]
)
def state_asset_availability(asset_id: UUID, body: AvailabilityStatement, tx: WriteTx) -> AssetRead:
    """State what an asset's availability is."""
    return AssetRead.model_validate(service.state_availability(tx, asset_id, body))
