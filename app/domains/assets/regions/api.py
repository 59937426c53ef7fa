"""`/api/assets/regions`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.assets import permissions as p
from app.domains.assets.errors import RegionCodeTaken, RegionLoop, RegionNotFound
from app.domains.assets.regions import service
from app.domains.assets.regions.models import Region
from app.domains.assets.regions.schemas import RegionCreate, RegionPatch, RegionRead
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/assets/regions", tags=["Assets"])

_COLUMNS = select(*Region.__table__.c, service.depth())
_SORT = {"id": Region.id, "code": Region.code, "path": Region.path}


@router.post("", permission=p.ASSETS_WRITE, status_code=201, errors=[RegionCodeTaken, RegionNotFound])
def create_region(body: RegionCreate, tx: WriteTx) -> RegionRead:
    """Add a region to the tree. One that is first named by an asset is made without this call."""
    return _read(tx, service.create(tx, body).id)


@router.get("", permission=p.ASSETS_READ)
def list_regions(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[RegionRead]:
    """The tree, parents before children."""
    return page(tx, _COLUMNS, wanted, RegionRead.model_validate, keys=_SORT, default="path")


@router.get("/{region_id:uuid}", permission=p.ASSETS_READ, errors=[RegionNotFound])
def get_region(region_id: UUID, tx: ReadTx) -> RegionRead:
    """One region."""
    return _read(tx, region_id)


@router.patch("/{region_id:uuid}", permission=p.ASSETS_WRITE, errors=[RegionNotFound, RegionLoop])
def update_region(region_id: UUID, body: RegionPatch, tx: WriteTx) -> RegionRead:
    """Rename a region, or move it with everything below it."""
    return _read(tx, service.change(tx, region_id, body).id)


def _read(tx: ReadTx, region_id: UUID) -> RegionRead:
    return RegionRead.model_validate(tx.one(_COLUMNS.where(Region.id == region_id), RegionNotFound))
