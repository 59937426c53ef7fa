"""`/api/warehouse/units`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.units import service
from app.domains.manufacturing.units.errors import UnitCodeTaken, UnitInUse, UnitNotFound, UnitStandard
from app.domains.manufacturing.units.models import Unit
from app.domains.manufacturing.units.schemas import UnitCreate, UnitFilter, UnitPatch, UnitRead
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/warehouse/units", tags=["Items"])

_COLUMNS = select(*Unit.__table__.c)
_SORT = {"id": Unit.id, "code": Unit.code, "dimension": Unit.dimension}


@router.post("", permission=p.WAREHOUSE_CREATE, status_code=201, errors=[UnitCodeTaken])
def create_unit(body: UnitCreate, tx: WriteTx) -> UnitRead:
    """Define a unit of measure by its exact factor. Codes know no case."""
    return UnitRead.model_validate(service.create(tx, body))


@router.get("", permission=p.WAREHOUSE_VIEW)
def list_units(tx: ReadTx, wanted: Annotated[UnitFilter, Query()]) -> Page[UnitRead]:
    """Units by code."""
    found = _COLUMNS if wanted.dimension is None else _COLUMNS.where(Unit.dimension == wanted.dimension)
    return page(tx, found, wanted, UnitRead.model_validate, keys=_SORT, default="code")


@router.get("/{unit_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[UnitNotFound])
def get_unit(unit_id: UUID, tx: ReadTx) -> UnitRead:
    """One unit."""
    return UnitRead.model_validate(tx.one(_COLUMNS.where(Unit.id == unit_id), UnitNotFound))


@router.patch("/{unit_id:uuid}", permission=p.WAREHOUSE_UPDATE, errors=[UnitNotFound, UnitStandard])
def update_unit(unit_id: UUID, body: UnitPatch, tx: WriteTx) -> UnitRead:
    """Rename a unit of your own."""
    return UnitRead.model_validate(service.rename(tx, unit_id, body))


@router.delete(
    "/{unit_id:uuid}",
    permission=p.WAREHOUSE_DELETE,
    status_code=204,
    errors=[UnitNotFound, UnitStandard, UnitInUse],
)
def delete_unit(unit_id: UUID, tx: WriteTx) -> None:
    """Take away a unit of your own that nothing is counted in."""
    service.delete(tx, unit_id)
