"""`/api/assets`: the ledger."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.assets import permissions as p
from app.domains.assets.errors import (
    AssetCodeTaken,
    AssetInstalledElsewhere,
    AssetNotBound,
    AssetNotFound,
    AssetNotGrounded,
    AssetRetired,
    DroneNotFound,
    RetireBlocked,
    SlotTaken,
)
from app.domains.assets.ledger import reads, retirement, service
from app.domains.assets.ledger.schemas import (
    AsOf,
    AssetCreate,
    AssetFilter,
    AssetPatch,
    AssetRead,
    AvailabilityStatement,
    Bind,
    Grounding,
    HealthReportCreate,
    PoolFilter,
    PoolSummaryFilter,
    PoolSummaryRow,
    Release,
    Retirement,
)
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/assets", tags=["Assets"])


@router.post("", permission=p.ASSETS_WRITE, status_code=201, errors=[AssetCodeTaken])
def create_asset(body: AssetCreate, tx: WriteTx) -> AssetRead:
    """Register an asset. A region named for the first time is created."""
    return reads.one(tx, service.register(tx, body).id)


@router.get("", permission=p.ASSETS_READ)
def list_assets(tx: ReadTx, wanted: Annotated[AssetFilter, Query()]) -> Page[AssetRead]:
    """Assets with their derived state, retired ones included."""
    return reads.many(tx, wanted)


@router.get("/pool", permission=p.ASSETS_READ)
def search_pool(tx: ReadTx, wanted: Annotated[PoolFilter, Query()]) -> Page[AssetRead]:
    """Assets that can be had. Never a retired one."""
    return reads.pool(tx, wanted)


@router.get("/pool/summary", permission=p.ASSETS_READ)
def summarize_pool(tx: ReadTx, wanted: Annotated[PoolSummaryFilter, Query()]) -> list[PoolSummaryRow]:
    """Totals by region, type and availability."""
    return reads.summary(tx, wanted)


@router.get("/{asset_id:uuid}", permission=p.ASSETS_READ, errors=[AssetNotFound])
def get_asset(asset_id: UUID, tx: ReadTx, as_of: Annotated[AsOf, Query()] = None) -> AssetRead:
    """One asset, now or as it was."""
    return reads.one(tx, asset_id, as_of)


@router.patch("/{asset_id:uuid}", permission=p.ASSETS_WRITE, errors=[AssetNotFound, AssetRetired])
def update_asset(asset_id: UUID, body: AssetPatch, tx: WriteTx) -> AssetRead:
    """Change an asset's name, serial number or detail."""
    return reads.one(tx, service.change(tx, asset_id, body).id)


@router.post(
    "/{asset_id:uuid}/bind",
    permission=p.ASSETS_WRITE,
    errors=[AssetNotFound, DroneNotFound, AssetRetired, AssetInstalledElsewhere, SlotTaken],
)
def bind_asset(asset_id: UUID, body: Bind, tx: WriteTx) -> AssetRead:
    """Install an asset in a drone."""
    return reads.one(tx, service.bind(tx, asset_id, body).id)


@router.post(
    "/{asset_id:uuid}/unbind", permission=p.ASSETS_WRITE, errors=[AssetNotFound, AssetRetired, AssetNotBound]
)
def unbind_asset(asset_id: UUID, tx: WriteTx) -> AssetRead:
    """Take an asset out of its drone."""
    return reads.one(tx, service.unbind(tx, asset_id).id)


@router.post("/{asset_id:uuid}/availability", permission=p.ASSETS_WRITE, errors=[AssetNotFound, AssetRetired])
def state_asset_availability(asset_id: UUID, body: AvailabilityStatement, tx: WriteTx) -> AssetRead:
    """State an asset's availability by hand. The answer is what it now is, for every reason there is."""
    return reads.one(tx, service.state_availability(tx, asset_id, body).id)


@router.post("/{asset_id:uuid}/health", permission=p.ASSETS_WRITE, errors=[AssetNotFound, AssetRetired])
def report_asset_health(asset_id: UUID, body: HealthReportCreate, tx: WriteTx) -> AssetRead:
    """Report an asset's health; `detail` is merged into the asset's."""
    return reads.one(tx, service.report_health(tx, asset_id, body).id)


@router.post(
    "/{asset_id:uuid}/retire", permission=p.ASSETS_WRITE, errors=[AssetNotFound, AssetRetired, RetireBlocked]
)
def retire_asset(asset_id: UUID, body: Retirement, tx: WriteTx) -> AssetRead:
    """Retire an asset for good; refused while it is bound, reserved or being worked on."""
    return reads.one(tx, retirement.retire(tx, asset_id, body).id)


@router.post("/{asset_id:uuid}:ground", permission=p.MAINTENANCE_WRITE, errors=[AssetNotFound, AssetRetired])
def ground_asset(asset_id: UUID, body: Grounding, tx: WriteTx) -> AssetRead:
    """Ground an asset. Reservations it overlaps become at risk."""
    return reads.one(tx, service.ground(tx, asset_id, body).id)


@router.post(
    "/{asset_id:uuid}:release",
    permission=p.MAINTENANCE_RELEASE,
    errors=[AssetNotFound, AssetRetired, AssetNotGrounded],
)
def release_asset(asset_id: UUID, body: Release, tx: WriteTx) -> AssetRead:
    """Return a grounded asset to service."""
    return reads.one(tx, service.release(tx, asset_id, body).id)
