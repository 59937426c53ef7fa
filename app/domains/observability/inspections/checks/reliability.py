"""Whether there is a backup, and whether it was seen to restore: read from the event log."""

from datetime import datetime, timedelta

from sqlalchemy import select

from app.domains.observability.inspections.checks.base import Check, Ground, Outcome, failed, passed, warned
from app.domains.observability.inspections.words import Weight
from app.kernel.events.models import EventRow

BACKUP_LATE, BACKUP_TOO_LATE = timedelta(days=2), timedelta(days=7)
DRILL_LATE = timedelta(days=30)


def backup_recency(ground: Ground) -> Outcome:
    """When the last backup of this tenant ended well."""
    at = _last(ground, "backup.succeeded")
    if at is None:
        return failed("There is no backup.")
    age = ground.tx.now - at
    evidence = {"last_backup_at": at.isoformat()}
    if age > BACKUP_TOO_LATE:
        return failed(f"The last backup is {age.days} days old.", **evidence)
    if age > BACKUP_LATE:
        return warned(f"The last backup is {age.days} days old.", **evidence)
    return passed(f"The last backup was made at {at:%Y-%m-%d %H:%M} UTC.", **evidence)


def last_drill(ground: Ground) -> Outcome:
    """A backup that nobody restored is a hope."""
    good, bad = _last(ground, "restore_drill.passed"), _last(ground, "restore_drill.failed")
    evidence = {
        "last_passed_at": good.isoformat() if good else None,
        "last_failed_at": bad.isoformat() if bad else None,
    }
    if bad is not None and (good is None or bad > good):
        return failed(f"The last restore drill failed, at {bad:%Y-%m-%d %H:%M} UTC.", **evidence)
    if good is None:
        return warned("No backup was ever restored in a drill.", **evidence)
    age = ground.tx.now - good
    if age > DRILL_LATE:
        return warned(f"The last restore drill passed {age.days} days ago.", **evidence)
    return passed(f"The last restore drill passed at {good:%Y-%m-%d %H:%M} UTC.", **evidence)


def _last(ground: Ground, event_type: str) -> datetime | None:
    """When the newest event of a type happened."""
    return ground.tx.scalar(
        select(EventRow.at)
        .where(EventRow.tenant_id == ground.tenant_id, EventRow.type == event_type)
        .order_by(EventRow.at.desc())
        .limit(1)
    )


CHECKS = (
    Check(
        "backups.recency",
        Weight.CRITICAL,
        "There is a recent backup",
        "POST /api/observability/backups:runs, every day.",
        backup_recency,
    ),
    Check(
        "drills.last_passed",
        Weight.HIGH,
        "A backup was seen to restore",
        "POST /api/observability/backups/runs/{id}:restore-drill; when it fails, its reason says where.",
        last_drill,
    ),
)
