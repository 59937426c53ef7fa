"""The work: making a backup, trying to restore one, and cleaning up after both."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select

from app.domains.observability import permissions as p
from app.domains.observability.backups import config, places, scratch, service
from app.domains.observability.backups.artefact import Artefact, open_artefact, verify_bytes
from app.domains.observability.backups.errors import BackupNotMade, Broken, OpsRoleMissing, RestoreFailed
from app.domains.observability.backups.events import BackupRestored, OpsRoleUsed
from app.domains.observability.backups.into_tenant import Filled, fill
from app.domains.observability.backups.making import Made, driver_of, make, snapshot
from app.domains.observability.backups.models import BackupRun, RunType
from app.domains.observability.backups.queries import (
    Written,
    chain_of,
    latest_artefact,
    tenant_exists,
    to_expire,
)
from app.domains.observability.backups.restore import Restored, restore
from app.kernel.events.envelope import ref
from app.kernel.events.outbox import PendingEvent
from app.kernel.jobs.engine import Job, JobContext
from app.kernel.tx import WriteTx
from app.platform.operations import Kind, Work

log = structlog.get_logger("hangar.backups")
LONGEST_CHAIN = 30
_DELETED_AGAIN_FOR = timedelta(days=2)
_LOOK_EVERY_SECONDS = 50.0
_last_look: list[float] = []


def run_backup(work: Work, run_id: str, wanted: str | None) -> None:
    """Write the artefact, then say so in one transaction; until that, nobody knows of it.

    Each turn writes to a place of its own: a run that was taken for dead may still be writing to its.
    """
    tenant_id, number = work.context.tenant_id, UUID(run_id)
    names = [run_id, *(f"{run_id}.{turn}" for turn in range(2, work.turn + 1))]
    uri = places.uri(wanted, names[-1])
    try:
        for name in names[:-1]:
            _remove(tenant_id, places.uri(wanted, name))
        made, chain = _write_artefact(work, number, uri)
    except Broken as broken:
        _give_up(work, number, broken)
        raise BackupNotMade(broken.detail) from broken

    def record(tx: WriteTx) -> None:
        work.own(tx)
        service.succeed_run(tx, DRILL, number, uri, made, chain)
        work.finish(tx, {"run_id": run_id, "status": "SUCCESS", "checksum": made.checksum})

    try:
        work.write(record)
    except BaseException:
        _remove(tenant_id, uri)
        raise


def _write_artefact(work: Work, run_id: UUID, uri: str) -> tuple[Made, int]:
    """What was made, and how many artefacts restoring it takes."""
    tenant_id = work.context.tenant_id
    actor = f"system:{work.context.name}"
    with ExitStack() as opened:
        parents = _open_parents(work, run_id, opened)
        try:
            with (
                places.writing(tenant_id, uri) as path,
                snapshot(work.context.database, tenant_id, actor) as conn,
            ):
                made = make(conn, tenant_id, run_id, path, parents, work.progress)
        except OSError as error:
            detail = f"The artefact can't be written: {error.strerror or error}."
            raise Broken("storage_failed", detail) from error
    return made, len(parents) + 1 if made.parent_id else 1


def _open_parents(work: Work, run_id: UUID, opened: ExitStack) -> list[Artefact]:
    """The chain that an INCREMENTAL run builds on; none when it has to stand alone."""

    def find(tx: WriteTx) -> list[Written]:
        run_type = tx.scalar(select(BackupRun.run_type).where(BackupRun.id == run_id))
        latest = latest_artefact(tx) if run_type == RunType.INCREMENTAL else None
        return chain_of(tx, latest.id) if latest and latest.chain_length < LONGEST_CHAIN else []

    written = work.write(find)
    try:
        return _open_chain(work.context.tenant_id, written, opened)
    except Broken as broken:
        log.warning("backup_parent_broken", run_id=str(run_id), reason=broken.code, detail=broken.detail)
        return []


@contextmanager
def _whole_chain(tenant_id: UUID, written: list[Written]) -> Iterator[list[Artefact]]:
    """The chain, every byte of it verified, for as long as the block. Raises `Broken`."""
    if not written:
        raise Broken("artefact_missing", "The backup has no artefact.")
    with ExitStack() as opened:
        yield _open_chain(tenant_id, written, opened)


def _open_chain(tenant_id: UUID, written: list[Written], opened: ExitStack) -> list[Artefact]:
    """Open and read every file of every artefact. Raises `Broken`."""
    chain = []
    for each in written:
        try:
            path = opened.enter_context(places.reading(tenant_id, each.storage_uri))
        except OSError as error:
            detail = f"The artefact can't be read: {error.strerror or error}."
            raise Broken("artefact_unreadable", detail) from error
        artefact = open_artefact(path, each.checksum)
        if (artefact.manifest.tenant_id, artefact.manifest.run_id) != (tenant_id, each.run_id):
            raise Broken("manifest_changed", "The manifest belongs to another backup.")
        verify_bytes(artefact)
        chain.append(artefact)
    return chain


def _remove(tenant_id: UUID, uri: str) -> None:
    try:
        places.remove(tenant_id, uri)
    except OSError as error:
        log.warning("backup_not_removed", uri=uri, error=str(error))


def _give_up(work: Work, run_id: UUID, broken: Broken) -> None:
    def record(tx: WriteTx) -> None:
        work.own(tx)
        service.fail_run(tx, run_id, broken.code, broken.detail)

    work.write(record)


def run_drill(work: Work, drill_id: str) -> None:
    """Verify the bytes, restore them, compare, drop; every outcome is recorded."""
    number, began = UUID(drill_id), time.monotonic()
    try:
        restored, rto, rpo = _try_restore(work, number, began)
    except Broken as broken:
        code, detail = broken.code, broken.detail

        def record_failure(tx: WriteTx) -> None:
            work.own(tx)
            service.fail_drill(tx, number, code, detail)
            work.finish(tx, {"drill_id": drill_id, "status": "FAILED", "reason_code": code})

        work.write(record_failure)
        return

    def record(tx: WriteTx) -> None:
        work.own(tx)
        status = service.pass_drill(tx, number, rto=rto, rpo=rpo, tables=restored.tables, rows=restored.rows)
        work.finish(
            tx, {"drill_id": drill_id, "status": status, "foreign_keys_checked": restored.foreign_keys}
        )

    work.write(record)


def _try_restore(work: Work, drill_id: UUID, began: float) -> tuple[Restored, float, float]:
    """What was restored, and RTO and RPO in seconds. Raises `Broken`."""
    tenant_id = work.context.tenant_id

    def begin(tx: WriteTx) -> tuple[list[Written], datetime]:
        drill = service.lock_drill(tx, drill_id)
        drill.started_at = tx.now
        tx.flush()
        return chain_of(tx, drill.backup_run_id), tx.now

    written, started_at = work.write(begin)

    def announce(database: str) -> None:
        used = OpsRoleUsed(purpose="restore drill", database=database)
        work.write(lambda tx: tx.emit(used, subject=service.of_drill(drill_id)))

    with _whole_chain(tenant_id, written) as chain:
        work.write(lambda tx: service.note_bytes(tx, [each.run_id for each in written]))
        manifest = chain[-1].manifest
        with scratch.scratch_database(config.ops_url(), manifest.schema_revision, announce) as url:
            restored = restore(url, chain, work.progress)
            rto = time.monotonic() - began
    rpo = (started_at - manifest.snapshot_at).total_seconds()
    return restored, round(rto, 3), round(rpo, 3)


def run_restore(work: Work, run_id: str, new_tenant_id: str, tenant_name: str) -> dict[str, Any]:
    """Fill a new tenant in one transaction of its own; a second turn finds it there."""
    new_id = UUID(new_tenant_id)
    written = work.write(lambda tx: chain_of(tx, UUID(run_id)))
    context = JobContext(work.context.database, new_id, work.context.name, work.context.job_id)

    def fill_tenant(tx: WriteTx, chain: list[Artefact]) -> Filled | None:
        if tenant_exists(tx, new_id):
            return None
        conn = driver_of(tx.conn)
        filled = fill(conn, chain, new_id, tenant_name, lambda table: work.progress(0, None, table))
        _tell_of_restore(tx, run_id, new_id, work.context.tenant_id)
        return filled

    try:
        with _whole_chain(work.context.tenant_id, written) as chain:
            filled = context.write(lambda tx: fill_tenant(tx, chain))
    except Broken as broken:
        raise RestoreFailed(broken.detail, reason_code=broken.code) from broken
    result: dict[str, Any] = {"tenant_id": new_tenant_id, "tenant_name": tenant_name}

    def record(tx: WriteTx) -> None:
        work.own(tx)
        _tell_of_restore(tx, run_id, new_id, work.context.tenant_id)
        if filled is not None:
            result.update(tables=filled.tables, rows=filled.rows, left_out=filled.left_out)
        work.finish(tx, result)

    work.write(record)
    return result


def _tell_of_restore(tx: WriteTx, run_id: str, new_id: UUID, old_id: UUID) -> None:
    """In both tenants' records: neither sees the other's."""
    restored = BackupRestored(run_id=UUID(run_id), from_tenant_id=old_id, to_tenant_id=new_id)
    tx.emit(restored, subject=ref("tenant", tx.tenant_id), related=[service.of_run(UUID(run_id))])


def operation_ended(tx: WriteTx, event: PendingEvent) -> None:
    """An operation of ours was canceled, or failed where nobody could say why: its run or drill ends with it."""
    code = service.CANCELED if event.type == "operation.canceled" else str(event.payload["code"])
    kind, subject = event.payload["kind"], next(iter(event.related), "")
    object_id = subject.partition(":")[2]
    if kind == RUN.name:
        service.fail_run(tx, UUID(object_id), code, "The work was ended before it was done.")
    elif kind == DRILL.name:
        service.fail_drill(tx, UUID(object_id), code, "The work was ended before it was done.")


def tidy(context: JobContext) -> None:
    """Drop what killed drills left and have a template ready. One look a minute is enough for all tenants."""
    if _last_look and time.monotonic() - _last_look[-1] < _LOOK_EVERY_SECONDS:
        return
    _last_look[:] = [time.monotonic()]
    places.sweep_staging()
    try:
        with scratch.connect(config.ops_url()) as ops:
            dropped = scratch.sweep(ops) + scratch.drop_old_templates(ops)
            made = scratch.prepare(ops, config.ops_url())
    except OpsRoleMissing:
        return
    for purpose, names in (("dropping what is not needed", dropped), ("making a template", made)):
        for name in names:
            _tell_of_ops(context, OpsRoleUsed(purpose=purpose, database=name))


def _tell_of_ops(context: JobContext, used: OpsRoleUsed) -> None:
    context.write(lambda tx: tx.emit(used, subject=ref("tenant", tx.tenant_id)))


def expire(context: JobContext) -> None:
    """Retention: first nobody may ask for them any more, then the files go; a killed run's files go next time."""

    def mark(tx: WriteTx) -> list[Any]:
        service.expire_runs(tx, to_expire(tx, config.keep_last()))
        gone = select(BackupRun.storage_uri).where(BackupRun.expired_at > tx.now - _DELETED_AGAIN_FOR)
        return [row.storage_uri for row in tx.all(gone)]

    for uri in context.write(mark):
        _remove(context.tenant_id, uri)


RUN = Kind("backup.run", permission=p.OBSERVABILITY_WRITE, run=run_backup, queue="batch")
DRILL = Kind("backup.drill", permission=p.OBSERVABILITY_WRITE, run=run_drill, queue="batch")
RESTORE = Kind("backup.restore", permission=p.OBSERVABILITY_WRITE, run=run_restore, queue="batch")
TIDY = Job("backups.tidy", run=tidy, queue="batch", cron="* * * * *", free=True)
EXPIRE = Job("backups.expire", run=expire, queue="batch", cron="41 * * * *", free=True)

JOBS = (RUN.job, DRILL.job, RESTORE.job, TIDY, EXPIRE)
SUBSCRIPTIONS = {"operation.failed": operation_ended, "operation.canceled": operation_ended}
