"""Events of backups and drills."""

from uuid import UUID

from app.domains.observability import permissions as p
from app.kernel.events.envelope import Event


class BackupStarted(Event, type="backup.started", permission=p.OBSERVABILITY_READ):
    """A backup was asked for."""

    run_id: UUID
    run_type: str


class BackupSucceeded(Event, type="backup.succeeded", permission=p.OBSERVABILITY_READ):
    """A backup is written. That it can be restored is for a drill to prove."""

    run_id: UUID
    checksum: str
    row_count: int
    size_bytes: int
    parent_id: UUID | None


class BackupFailed(Event, type="backup.failed", permission=p.OBSERVABILITY_READ):
    """A backup was not made."""

    run_id: UUID
    reason_code: str


class BackupExpired(Event, type="backup.expired", permission=p.OBSERVABILITY_READ):
    """Retention deleted what a backup had written."""

    run_id: UUID


class DrillStarted(Event, type="restore_drill.started", permission=p.OBSERVABILITY_READ):
    """Somebody wants to know whether a backup restores."""

    drill_id: UUID
    run_id: UUID


class DrillPassed(Event, type="restore_drill.passed", permission=p.OBSERVABILITY_READ):
    """A backup was restored, compared table by table, and usable within its objective."""

    drill_id: UUID
    run_id: UUID
    actual_rto_seconds: float
    rpo_seconds: float


class DrillFailed(Event, type="restore_drill.failed", permission=p.OBSERVABILITY_READ):
    """A backup could not be restored, or not as it was, or not in time."""

    drill_id: UUID
    run_id: UUID
    reason_code: str


class BackupRestored(Event, type="backup.restored", permission=p.OBSERVABILITY_READ):
    """A backup became a tenant of its own."""

    run_id: UUID
    from_tenant_id: UUID
    to_tenant_id: UUID


class OpsRoleUsed(Event, type="ops_role.used", permission=p.OBSERVABILITY_READ):
    """A job connected as the role that passes row security, and to which database."""

    purpose: str
    database: str
