"""`/api/warehouse/imports`: files of items and bills of materials, planned and then applied."""

from typing import Annotated
from uuid import UUID

from fastapi import File, Query, UploadFile

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.imports import service
from app.domains.manufacturing.imports.errors import FileUnreadable, ImportNotFound, ImportRefused
from app.domains.manufacturing.imports.schemas import ImportRead
from app.kernel.api.pagination import PageParams
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/warehouse/imports", tags=["Bills of materials"])


@router.post("", permission=p.WAREHOUSE_CREATE, status_code=201, errors=[FileUnreadable])
def plan_import(tx: WriteTx, file: Annotated[UploadFile, File()]) -> ImportRead:
    """Read a CSV or XLSX of items, or of lines of bills of materials, and say what it would change."""
    return service.shown(service.plan(tx, file.file.read(), file.filename))


@router.get("", permission=p.WAREHOUSE_VIEW)
def list_imports(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[ImportRead]:
    """Plans, the newest first."""
    return service.many(tx, wanted)


@router.get("/{import_id:uuid}", permission=p.WAREHOUSE_VIEW, errors=[ImportNotFound])
def get_import(import_id: UUID, tx: ReadTx) -> ImportRead:
    """One plan."""
    return service.one(tx, import_id)


@router.post("/{import_id:uuid}:apply", permission=p.WAREHOUSE_CREATE, errors=[ImportNotFound, ImportRefused])
def apply_import(import_id: UUID, tx: WriteTx) -> ImportRead:
    """Carry a plan out, all of it or nothing. Applying it again changes nothing."""
    return service.shown(service.apply(tx, import_id))
