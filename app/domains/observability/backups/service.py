"""Use cases of backups and drills: asked for, ended, and what follows from it. The work itself is a job's."""

from uuid import UUID

from sqlalchemy import select

from app.domains.observability.alerts.engine import Finding, raise_alert, resolve_alert
from app.domains.observability.backups import places
from app.domains.observability.backups.errors import (
    BackupRunNotFound,
    BackupWithoutArtefact,
    RestoreDrillNotFound,
    RestoreNameTaken,
)
from app.domains.observability.backups.events import (
    BackupExpired,
    BackupFailed,
    BackupStarted,
    BackupSucceeded,
    DrillFailed,
    DrillPassed,
    DrillStarted,
)
from app.domains.observability.backups.making import Made
from app.domains.observability.backups.models import BackupRun, BackupStatus, DrillStatus, RestoreDrill
from app.domains.observability.backups.queries import tenant_name_exists
from app.domains.observability.backups.schemas import BackupRunCreate, RestoreDrillCreate
from app.domains.observability.words import Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.jobs.wait import announce
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx
from app.platform import operations
from app.platform.operations import Kind

RUN_ALERT, DRILL_ALERT = "backup.run", "backup.drill"
# The drill could not be tried, which says nothing about the backup.
_UNTRIED = frozenset({"ops_role_missing", "backup_failed"})
CANCELED = "canceled"


def of_run(run_id: UUID) -> str:
    return ref("backup", run_id)


def of_drill(drill_id: UUID) -> str:
    return ref("restore_drill", drill_id)


def start_run(tx: WriteTx, kind: Kind, data: BackupRunCreate) -> BackupRun:
    """Raises `ValidationFailed` for a storage_uri that is no folder of ours."""
    refusal = places.refusal(data.storage_uri)
    if refusal is not None:
        raise invalid("storage_uri", "storage_unsupported", refusal)
    run = BackupRun(
        id=new_id(),
        run_type=data.run_type,
        status=BackupStatus.RUNNING,
        is_drill=data.is_drill,
        detail=data.detail,
        triggered_by=tx.actor,
        created_at=tx.now,
        updated_at=tx.now,
    )
    run.operation_id = operations.start(
        tx, kind, subject=of_run(run.id), run_id=str(run.id), wanted=data.storage_uri
    )
    tx.add(run)
    tx.emit(BackupStarted(run_id=run.id, run_type=run.run_type), subject=of_run(run.id))
    return run


def start_drill(tx: WriteTx, kind: Kind, run_id: UUID, data: RestoreDrillCreate) -> RestoreDrill:
    """A drill of a finished run begins at once; that of a running one when the run has ended.

    Raises `BackupRunNotFound`, `BackupWithoutArtefact`.
    """
    run = lock_run(tx, run_id)
    if run.status == BackupStatus.FAILED or run.expired_at is not None:
        raise BackupWithoutArtefact(
            "The backup failed." if run.expired_at is None else "The backup has expired."
        )
    drill = tx.add(
        RestoreDrill(
            backup_run_id=run.id,
            status=DrillStatus.RUNNING,
            objective_rto_seconds=data.objective_rto_seconds,
            executed_by=tx.actor,
            detail=data.detail,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit(
        DrillStarted(drill_id=drill.id, run_id=run.id), subject=of_drill(drill.id), related=[of_run(run.id)]
    )
    if run.status == BackupStatus.SUCCESS:
        _begin_drill(tx, kind, drill)
    return drill


def start_restore(tx: WriteTx, kind: Kind, run_id: UUID, tenant_name: str) -> tuple[UUID, UUID]:
    """Ids of the operation and of the tenant to be. Raises `BackupRunNotFound`, `BackupWithoutArtefact`,
    `RestoreNameTaken`."""
    run = lock_run(tx, run_id)
    if run.status != BackupStatus.SUCCESS or run.expired_at is not None:
        raise BackupWithoutArtefact(
            "The backup has expired." if run.expired_at else "The backup did not succeed."
        )
    if tenant_name_exists(tx, tenant_name):
        raise RestoreNameTaken(f"A tenant {tenant_name} exists.")
    tenant_id = new_id()
    operation_id = operations.start(
        tx,
        kind,
        subject=of_run(run.id),
        run_id=str(run.id),
        new_tenant_id=str(tenant_id),
        tenant_name=tenant_name,
    )
    return operation_id, tenant_id


def succeed_run(
    tx: WriteTx, drill_kind: Kind, run_id: UUID, storage_uri: str, made: Made, chain: int
) -> None:
    """Record what was written, close the alert of an earlier failure, begin the drills that wait."""
    run = lock_run(tx, run_id)
    run.status = BackupStatus.SUCCESS
    run.storage_uri = storage_uri
    run.checksum = made.checksum
    run.parent_id = made.parent_id
    run.chain_length = chain
    run.schema_revision = made.schema_revision
    run.snapshot_at = made.snapshot_at
    run.table_count = made.tables
    run.row_count = made.rows
    run.changed_rows = made.changed
    run.deleted_rows = made.deleted
    run.size_bytes = made.size
    _end(tx, run)
    tx.emit(
        BackupSucceeded(
            run_id=run.id,
            checksum=made.checksum,
            row_count=made.rows,
            size_bytes=made.size,
            parent_id=made.parent_id,
        ),
        subject=of_run(run.id),
        related=[of_run(made.parent_id)] if made.parent_id else [],
    )
    resolve_alert(tx, Source.BACKUP, RUN_ALERT, _tenant(tx), reason="A later backup succeeded.")
    for drill in _waiting(tx, run.id):
        _begin_drill(tx, drill_kind, drill)


def fail_run(tx: WriteTx, run_id: UUID, code: str, reason: str) -> None:
    """Nothing when the run has ended already."""
    run = lock_run(tx, run_id)
    if run.status != BackupStatus.RUNNING:
        return
    run.status = BackupStatus.FAILED
    run.reason_code, run.reason = code, reason[:500]
    _end(tx, run)
    tx.emit(
        BackupFailed(run_id=run.id, reason_code=code), subject=of_run(run.id), after={"reason": run.reason}
    )
    if code != CANCELED:
        _alert(tx, RUN_ALERT, Severity.P2, "Backup failed", f"{code}: {reason}", [of_run(run.id)])
    for drill in _waiting(tx, run.id):
        fail_drill(tx, drill.id, "backup_failed", "The backup that it waited for failed.")


def pass_drill(tx: WriteTx, drill_id: UUID, *, rto: float, rpo: float, tables: int, rows: int) -> str:
    """The restored database is equal and usable: PASSED within the objective, FAILED above it; returns which."""
    drill = lock_drill(tx, drill_id)
    drill.actual_rto_seconds, drill.rpo_seconds = rto, rpo
    drill.table_count, drill.row_count = tables, rows
    run = lock_run(tx, drill.backup_run_id)
    run.bytes_verified_at = run.bytes_verified_at or tx.now
    run.restore_verified_at = tx.now
    _touch(tx, run)
    if rto > drill.objective_rto_seconds:
        reason = f"It took {rto:.3f} s, the objective is {drill.objective_rto_seconds:g} s."
        fail_drill(tx, drill_id, "rto_exceeded", reason)
        return drill.status
    drill.status = DrillStatus.PASSED
    _end(tx, drill)
    tx.emit(
        DrillPassed(drill_id=drill.id, run_id=run.id, actual_rto_seconds=rto, rpo_seconds=rpo),
        subject=of_drill(drill.id),
        related=[of_run(run.id)],
    )
    resolve_alert(tx, Source.BACKUP, DRILL_ALERT, _tenant(tx), reason="A later drill passed.")
    return drill.status


def fail_drill(tx: WriteTx, drill_id: UUID, code: str, reason: str) -> None:
    """Nothing when the drill has ended already."""
    drill = lock_drill(tx, drill_id)
    if drill.status != DrillStatus.RUNNING:
        return
    drill.status = DrillStatus.FAILED
    drill.reason_code, drill.reason = code, reason[:500]
    _end(tx, drill)
    about = [of_drill(drill.id), of_run(drill.backup_run_id)]
    tx.emit(
        DrillFailed(drill_id=drill.id, run_id=drill.backup_run_id, reason_code=code),
        subject=about[0],
        related=about[1:],
        after={"reason": drill.reason},
    )
    severity = Severity.P2 if code in _UNTRIED else Severity.P1
    if code != CANCELED:
        _alert(tx, DRILL_ALERT, severity, "Restore drill failed", f"{code}: {reason}", about)


def expire_runs(tx: WriteTx, run_ids: list[UUID]) -> None:
    """From now on these runs have no artefact."""
    for run_id in run_ids:
        run = lock_run(tx, run_id)
        run.expired_at = tx.now
        _touch(tx, run)
        tx.emit(BackupExpired(run_id=run.id), subject=of_run(run.id))


def note_bytes(tx: WriteTx, run_ids: list[UUID]) -> None:
    """Every file of these runs was just found to be what was written."""
    for run_id in run_ids:
        run = lock_run(tx, run_id)
        run.bytes_verified_at = tx.now
        _touch(tx, run)


def lock_run(tx: WriteTx, run_id: UUID) -> BackupRun:
    """Raises `BackupRunNotFound`."""
    return tx.get(select(BackupRun).where(BackupRun.id == run_id).with_for_update(), BackupRunNotFound)


def lock_drill(tx: WriteTx, drill_id: UUID) -> RestoreDrill:
    """Raises `RestoreDrillNotFound`."""
    found = select(RestoreDrill).where(RestoreDrill.id == drill_id).with_for_update()
    return tx.get(found, RestoreDrillNotFound)


def _begin_drill(tx: WriteTx, kind: Kind, drill: RestoreDrill) -> None:
    drill.operation_id = operations.start(tx, kind, subject=of_drill(drill.id), drill_id=str(drill.id))
    _touch(tx, drill)


def _waiting(tx: WriteTx, run_id: UUID) -> list[RestoreDrill]:
    found = select(RestoreDrill).where(
        RestoreDrill.backup_run_id == run_id,
        RestoreDrill.status == DrillStatus.RUNNING,
        RestoreDrill.operation_id.is_(None),
    )
    return list(tx.objects(found.order_by(RestoreDrill.id).with_for_update()))


def _end(tx: WriteTx, ended: BackupRun | RestoreDrill) -> None:
    ended.completed_at = tx.now
    _touch(tx, ended)
    announce(tx, ended.id)


def _touch(tx: WriteTx, row: BackupRun | RestoreDrill) -> None:
    row.version += 1
    row.updated_at = tx.now
    tx.flush()


def _tenant(tx: WriteTx) -> str:
    return ref("tenant", tx.tenant_id)


def _alert(tx: WriteTx, key: str, severity: Severity, title: str, message: str, about: list[str]) -> None:
    labels = {"reason_code": message.partition(":")[0]}
    raise_alert(
        tx,
        Finding(Source.BACKUP, key, _tenant(tx), severity, title, message, related=about, labels=labels),
    )
