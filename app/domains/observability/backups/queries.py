"""Reading backups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, Uuid, column, select, table

from app.domains.observability.backups.models import BackupRun, BackupStatus, DrillStatus, RestoreDrill
from app.kernel.tx import AnyRow, ReadTx

RUNS = select(*BackupRun.__table__.c)
DRILLS = select(*RestoreDrill.__table__.c)
_TENANT = table("tenant", column("id", Uuid()), column("name", Text()))


@dataclass(frozen=True, slots=True)
class Written:
    """An artefact as the database remembers it."""

    run_id: UUID
    storage_uri: str
    checksum: str


def latest_artefact(tx: ReadTx) -> AnyRow | None:
    """The newest run that can be built on."""
    return tx.first(_kept().order_by(BackupRun.snapshot_at.desc(), BackupRun.id.desc()).limit(1))


def chain_of(tx: ReadTx, run_id: UUID) -> list[Written]:
    """A run's artefact and those it builds on, oldest first."""
    chain: list[Written] = []
    wanted: UUID | None = run_id
    while wanted is not None:
        row = tx.first(RUNS.where(BackupRun.id == wanted))
        if row is None or row.storage_uri is None or row.checksum is None:
            break
        chain.append(Written(row.id, row.storage_uri, row.checksum))
        wanted = row.parent_id
    return chain[::-1]


def tenant_exists(tx: ReadTx, tenant_id: UUID) -> bool:
    return tx.first(select(_TENANT.c.id).where(_TENANT.c.id == tenant_id)) is not None


def tenant_name_exists(tx: ReadTx, name: str) -> bool:
    return tx.first(select(_TENANT.c.id).where(_TENANT.c.name == name)) is not None


def to_expire(tx: ReadTx, keep_last: int) -> list[UUID]:
    """Runs whose artefact nobody needs: not of the newest, not built on by one of these, not being drilled."""
    rows = tx.all(_kept().order_by(BackupRun.snapshot_at.desc(), BackupRun.id.desc()))
    drilled = tx.all(
        select(RestoreDrill.backup_run_id).where(RestoreDrill.status == DrillStatus.RUNNING).distinct()
    )
    needed = {row.id for row in rows[:keep_last]} | {row.backup_run_id for row in drilled}
    kept = _with_parents(rows, needed)
    return [row.id for row in rows if row.id not in kept]


def _with_parents(rows: Sequence[AnyRow], needed: set[UUID]) -> set[UUID]:
    parents = {row.id: row.parent_id for row in rows}
    found: set[UUID] = set()
    for run_id in needed:
        at: UUID | None = run_id
        while at is not None and at not in found:
            found.add(at)
            at = parents.get(at)
    return found


def _kept() -> Select[Any]:
    return RUNS.where(BackupRun.status == BackupStatus.SUCCESS, BackupRun.expired_at.is_(None))
