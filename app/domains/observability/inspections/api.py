"""`/api/observability/security-inspections`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.observability import permissions as p
from app.domains.observability.inspections import queries, run, service
from app.domains.observability.inspections.errors import CheckUnknown, InspectionNotFound
from app.domains.observability.inspections.schemas import (
    CheckRead,
    InspectionCreate,
    InspectionFilter,
    InspectionRead,
    WaiverRead,
    WaiverSet,
)
from app.kernel.api.deferred import Completion, Deferred, WaitSeconds
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability", tags=["Security"])


@router.post(
    "/security-inspections:runs",
    permission=p.OBSERVABILITY_WRITE,
    status_code=201,
    completion=Completion(queries.is_finished, queries.read),
)
def run_security_inspection(
    body: InspectionCreate, tx: WriteTx, wait_seconds: WaitSeconds = 15
) -> Deferred[InspectionRead]:
    """Carry out every check in the worker and answer with what was found; one that fails raises an alert."""
    return Deferred(run.start(tx, body.baseline_version), wait_seconds)


@router.get("/security-inspections/runs", permission=p.OBSERVABILITY_READ)
def list_security_inspections(
    tx: ReadTx, wanted: Annotated[InspectionFilter, Query()]
) -> Page[InspectionRead]:
    """Inspections with their items, newest first."""
    found = page(
        tx,
        queries.runs(tx.tenant_id, wanted.status),
        wanted,
        lambda row: row,
        keys=queries.RUN_KEYS,
        default="-created_at",
    )
    items = queries.items(tx, [row.id for row in found.items])
    read = [queries.as_run(row, items.get(row.id, [])) for row in found.items]
    return Page(read, found.next_cursor, found.total)


@router.get(
    "/security-inspections/runs/{inspection_id:uuid}",
    permission=p.OBSERVABILITY_READ,
    errors=[InspectionNotFound],
)
def get_security_inspection(inspection_id: UUID, tx: ReadTx) -> InspectionRead:
    """One inspection with its items."""
    return queries.read(tx, inspection_id)


@router.get("/security-inspections/checks", permission=p.OBSERVABILITY_READ)
def list_security_checks(tx: ReadTx) -> list[CheckRead]:
    """What inspections check, what to do when it fails, and what is waived now."""
    return queries.checks(tx)


@router.put(
    "/security-inspections/waivers/{check_key}",
    permission=p.OBSERVABILITY_WRITE,
    errors=[CheckUnknown, PreconditionFailed],
)
def set_security_waiver(check_key: str, body: WaiverSet, tx: WriteTx) -> WaiverRead:
    """Accept what a check finds until a day: no alert until then. Status and score stay what they are."""
    return WaiverRead.model_validate(service.waive(tx, check_key, body))
