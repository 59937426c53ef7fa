"""Periodic work: operations whose job is gone, and idempotency keys whose time is over."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, literal_column, or_, select, table, text
from sqlalchemy.sql import column

from app.kernel.api.idempotency import IdempotencyKey
from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx
from app.platform.operations import service
from app.platform.operations.errors import OperationWorkerLost
from app.platform.operations.models import Operation

# A run that was taken for dead may end its job as succeeded while its successor is still at work.
_QUIET_FOR = timedelta(hours=1)
_BATCH = 1000

_jobs = table("procrastinate_jobs", column("id"), column("status"), schema="jobs")


def fail_lost_operations(tx: WriteTx) -> None:
    """An operation may not be unfinished for ever: fail those whose job has ended without ending them."""
    for operation in tx.objects(_lost(tx)):
        service.fail(tx, operation, OperationWorkerLost("Its job ended and left it unfinished."))


def _lost(tx: WriteTx) -> Select[Operation]:
    status = (
        select(text("status::text"))
        .select_from(_jobs)
        .where(_jobs.c.id == Operation.job_id)
        .scalar_subquery()
    )
    gave_up = status.in_(["failed", "cancelled", "aborted"])
    quiet = Operation.updated_at < tx.now - _QUIET_FOR
    ended_otherwise = or_(status.is_(None), status == "succeeded") & quiet
    return (
        select(Operation)
        .where(
            Operation.tenant_id == tx.tenant_id,
            Operation.finished_at.is_(None),
            or_(gave_up, ended_otherwise),
        )
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )


def delete_expired_keys(tx: WriteTx) -> None:
    """Delete idempotency keys after their time; a full batch leaves the rest for the next run."""
    expired: Select[Any] = (
        select(literal_column("ctid"))
        .select_from(IdempotencyKey)
        .where(IdempotencyKey.tenant_id == tx.tenant_id, IdempotencyKey.expires_at <= tx.now)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    tx.execute(delete(IdempotencyKey).where(literal_column("ctid").in_(expired)))


FAIL_LOST_OPERATIONS = Job("operations.fail_lost", run=fail_lost_operations, cron="* * * * *")
DELETE_EXPIRED_KEYS = Job(
    "operations.delete_expired_keys", run=delete_expired_keys, queue="batch", cron="*/5 * * * *"
)
