"""`/api/observability/backups`."""

import hmac
from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request
from sqlalchemy import ColumnElement

from app.domains.observability import permissions as p
from app.domains.observability.backups import jobs, service
from app.domains.observability.backups.errors import (
    BackupRunNotFound,
    BackupWithoutArtefact,
    RestoreDrillNotFound,
    RestoreNameTaken,
)
from app.domains.observability.backups.models import BackupRun, BackupStatus, DrillStatus, RestoreDrill
from app.domains.observability.backups.queries import DRILLS, RUNS
from app.domains.observability.backups.schemas import (
    BackupRunCreate,
    BackupRunFilter,
    BackupRunRead,
    RestoreCreate,
    RestoreDrillCreate,
    RestoreDrillFilter,
    RestoreDrillRead,
    RestoreRead,
)
from app.kernel.api.deferred import Completion, Deferred, WaitSeconds
from app.kernel.api.pagination import SortKeys, page
from app.kernel.api.routing import Router
from app.kernel.api.runtime import runtime_of
from app.kernel.api.schemas import Page
from app.kernel.problem import PermissionDenied
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability", tags=["Reliability"])

OperatorToken = Annotated[
    str,
    Header(
        alias="Hangar-Operator-Token",
        max_length=500,
        description="In production: the operator's bootstrap token.",
    ),
]
_RUN_SORT: SortKeys = {"id": BackupRun.id, "created_at": BackupRun.created_at}
_DRILL_SORT: SortKeys = {"id": RestoreDrill.id, "created_at": RestoreDrill.created_at}


def _read_run(tx: ReadTx, run_id: UUID) -> BackupRunRead:
    return BackupRunRead.model_validate(tx.one(RUNS.where(BackupRun.id == run_id), BackupRunNotFound))


def _read_drill(tx: ReadTx, drill_id: UUID) -> RestoreDrillRead:
    found = tx.one(DRILLS.where(RestoreDrill.id == drill_id), RestoreDrillNotFound)
    return RestoreDrillRead.model_validate(found)


def _run_ended(tx: ReadTx, run_id: UUID) -> bool:
    return _read_run(tx, run_id).status != BackupStatus.RUNNING


def _drill_ended(tx: ReadTx, drill_id: UUID) -> bool:
    return _read_drill(tx, drill_id).status != DrillStatus.RUNNING


def _drills(tx: ReadTx, wanted: RestoreDrillFilter) -> Page[RestoreDrillRead]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        conditions.append(RestoreDrill.status == wanted.status)
    if wanted.backup_run_id is not None:
        conditions.append(RestoreDrill.backup_run_id == wanted.backup_run_id)
    found = DRILLS.where(*conditions) if conditions else DRILLS
    return page(tx, found, wanted, RestoreDrillRead.model_validate, keys=_DRILL_SORT, default="-created_at")


@router.post(
    "/backups:runs",
    permission=p.OBSERVABILITY_WRITE,
    status_code=201,
    completion=Completion(_run_ended, _read_run),
)
def create_backup_run(
    body: BackupRunCreate, tx: WriteTx, wait_seconds: WaitSeconds = 15
) -> Deferred[BackupRunRead]:
    """Back up every row of this tenant, in one snapshot. An INCREMENTAL run writes what changed since the last."""
    return Deferred(service.start_run(tx, jobs.RUN, body).id, wait_seconds)


@router.get("/backups/runs", permission=p.OBSERVABILITY_READ)
def list_backup_runs(tx: ReadTx, wanted: Annotated[BackupRunFilter, Query()]) -> Page[BackupRunRead]:
    """Backup runs, newest first."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        conditions.append(BackupRun.status == wanted.status)
    if wanted.run_type is not None:
        conditions.append(BackupRun.run_type == wanted.run_type)
    found = RUNS.where(*conditions) if conditions else RUNS
    return page(tx, found, wanted, BackupRunRead.model_validate, keys=_RUN_SORT, default="-created_at")


@router.get("/backups/runs/{backup_run_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[BackupRunNotFound])
def get_backup_run(backup_run_id: UUID, tx: ReadTx) -> BackupRunRead:
    """One backup run."""
    return _read_run(tx, backup_run_id)


@router.post(
    "/backups/runs/{backup_run_id:uuid}:restore-drill",
    permission=p.OBSERVABILITY_WRITE,
    status_code=201,
    errors=[BackupRunNotFound, BackupWithoutArtefact],
    completion=Completion(_drill_ended, _read_drill),
)
def create_restore_drill(
    backup_run_id: UUID, body: RestoreDrillCreate, tx: WriteTx, wait_seconds: WaitSeconds = 15
) -> Deferred[RestoreDrillRead]:
    """Restore the backup into a scratch database, compare every table, and drop it.

    PASSED: equal, foreign keys whole, and usable within the objective. A running backup is waited for.
    """
    return Deferred(service.start_drill(tx, jobs.DRILL, backup_run_id, body).id, wait_seconds)


@router.post(
    "/backups/runs/{backup_run_id:uuid}:restore",
    permission=p.OBSERVABILITY_WRITE,
    status_code=202,
    errors=[BackupRunNotFound, BackupWithoutArtefact, RestoreNameTaken, PermissionDenied],
)
def restore_backup(
    request: Request,
    backup_run_id: UUID,
    body: RestoreCreate,
    tx: WriteTx,
    operator_token: OperatorToken = "",
) -> RestoreRead:
    """Make a new tenant with the backup's rows, in the background. People sign in with the passwords they had."""
    _require_operator(request, operator_token)
    operation_id, tenant_id = service.start_restore(tx, jobs.RESTORE, backup_run_id, body.tenant_name)
    return RestoreRead(
        operation_id=operation_id,
        backup_run_id=backup_run_id,
        tenant_id=tenant_id,
        tenant_name=body.tenant_name,
    )


@router.get("/backups/restore-drills", permission=p.OBSERVABILITY_READ)
def list_restore_drills(tx: ReadTx, wanted: Annotated[RestoreDrillFilter, Query()]) -> Page[RestoreDrillRead]:
    """Restore drills, newest first."""
    return _drills(tx, wanted)


@router.get("/backups/drills", permission=p.OBSERVABILITY_READ)
def list_drills(tx: ReadTx, wanted: Annotated[RestoreDrillFilter, Query()]) -> Page[RestoreDrillRead]:
    """The same list under the path that older clients know."""
    return _drills(tx, wanted)


@router.get(
    "/backups/restore-drills/{drill_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[RestoreDrillNotFound]
)
def get_restore_drill(drill_id: UUID, tx: ReadTx) -> RestoreDrillRead:
    """One restore drill."""
    return _read_drill(tx, drill_id)


def _require_operator(request: Request, given: str) -> None:
    """Making a tenant is for whoever runs this installation, as in `create_tenant`."""
    settings = runtime_of(request).settings
    if settings.profile != "production":
        return
    expected = settings.bootstrap_token.get_secret_value() if settings.bootstrap_token else ""
    if not expected or not hmac.compare_digest(given.strip().encode(), expected.encode()):
        raise PermissionDenied("Making a tenant needs the operator's bootstrap token.")
