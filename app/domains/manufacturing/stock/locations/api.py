"""`/api/warehouse/locations` and `/api/warehouse/lots`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import func, select

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.stock.errors import (
    LocationCodeTaken,
    LocationLoop,
    LocationNotFound,
    LotCodeTaken,
    LotNotFound,
)
from app.domains.manufacturing.stock.locations import service
from app.domains.manufacturing.stock.locations.schemas import (
    LocationCreate,
    LocationFilter,
    LocationPatch,
    LocationRead,
    LotCreate,
    LotFilter,
    LotRead,
)
from app.domains.manufacturing.stock.models import Location, Lot
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

locations = Router("/api/warehouse/locations", tags=["Stock"])
lots = Router("/api/warehouse/lots", tags=["Stock"])

_LOCATIONS = select(*Location.__table__.c, (func.length(Location.path) // 33 - 1).label("depth"))
_LOCATION_SORT = {"id": Location.id, "code": Location.code, "created_at": Location.created_at}
_LOTS = select(*Lot.__table__.c)
_LOT_SORT = {"id": Lot.id, "code": Lot.code, "created_at": Lot.created_at}


@locations.post(
    "", permission=p.WAREHOUSE_CREATE, status_code=201, errors=[LocationNotFound, LocationCodeTaken]
)
def create_location(body: LocationCreate, tx: WriteTx) -> LocationRead:
    """Define a location, perhaps below another."""
    return _location(tx, service.create(tx, body).id)


@locations.get("", permission=p.WAREHOUSE_VIEW)
def list_locations(tx: ReadTx, wanted: Annotated[LocationFilter, Query()]) -> Page[LocationRead]:
    """Locations by code."""
    found = _LOCATIONS
    if wanted.kind is not None:
        found = found.where(Location.kind == wanted.kind.value)
    if wanted.code is not None:
        found = found.where(Location.code == wanted.code)
    if wanted.parent_id is not None:
        found = found.where(Location.parent_id == wanted.parent_id)
    return page(tx, found, wanted, LocationRead.model_validate, keys=_LOCATION_SORT, default="code")


@locations.get("/{location_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[LocationNotFound])
def get_location(location_id: UUID, tx: ReadTx) -> LocationRead:
    """One location."""
    return _location(tx, location_id)


@locations.patch(
    "/{location_id:uuid}", permission=p.WAREHOUSE_UPDATE, errors=[LocationNotFound, LocationLoop]
)
def update_location(location_id: UUID, body: LocationPatch, tx: WriteTx) -> LocationRead:
    """Rename a location or move it with all below it."""
    return _location(tx, service.change(tx, location_id, body).id)


@lots.post("", permission=p.WAREHOUSE_CREATE, status_code=201, errors=[ItemNotFound, LotCodeTaken])
def create_lot(body: LotCreate, tx: WriteTx) -> LotRead:
    """Announce a lot or serial number. Receiving makes it too."""
    return LotRead.model_validate(service.create_lot(tx, body))


@lots.get("", permission=p.WAREHOUSE_VIEW)
def list_lots(tx: ReadTx, wanted: Annotated[LotFilter, Query()]) -> Page[LotRead]:
    """Lots and serial numbers, oldest first."""
    found = _LOTS
    if wanted.item_id is not None:
        found = found.where(Lot.item_id == wanted.item_id)
    if wanted.code is not None:
        found = found.where(Lot.code == wanted.code)
    return page(tx, found, wanted, LotRead.model_validate, keys=_LOT_SORT, default="id")


@lots.get("/{lot_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[LotNotFound])
def get_lot(lot_id: UUID, tx: ReadTx) -> LotRead:
    """One lot or serial number."""
    return LotRead.model_validate(tx.one(_LOTS.where(Lot.id == lot_id), LotNotFound))


def _location(tx: ReadTx, location_id: UUID) -> LocationRead:
    return LocationRead.model_validate(tx.one(_LOCATIONS.where(Location.id == location_id), LocationNotFound))
