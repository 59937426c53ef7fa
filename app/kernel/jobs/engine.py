"""The seam to procrastinate: jobs are declared here, enqueued in the caller's transaction, and run by `worker`.

A job is at least once: a killed worker's job runs again, so what it does must be safe to repeat. Arguments are ids;
the tenant travels with every job and bounds its transactions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeVar
from uuid import UUID

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued

from app.kernel.clock import now
from app.kernel.db.engine import Database, bind
from app.kernel.security.principal import system
from app.kernel.tx import Origin, WriteTx

T = TypeVar("T")
Queue = Literal["interactive", "batch"]
QUEUES: tuple[Queue, ...] = ("interactive", "batch")


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job that talks to the outside works with: transactions of its tenant, each committed on its own."""

    database: Database
    tenant_id: UUID
    name: str
    job_id: str

    def write(self, work: Callable[[WriteTx], T]) -> T:
        """Run `work` in one transaction of the job's tenant and commit it."""
        with self.database.connect() as conn, conn.begin():
            principal = system(self.tenant_id, self.name)
            bind(conn, self.tenant_id, principal.actor)
            tx = WriteTx(conn, principal, Origin(self.job_id, self.job_id))
            result = work(tx)
            tx.finish()
            return result


@dataclass(frozen=True, slots=True)
class Job:
    """`run(tx, **args)` inside one transaction, or `run(context, **args)` when `free`.

    `cron`: five fields, UTC; the job then runs for every tenant with no arguments. `attempts`: tries in all, with
    exponential back-off between them.
    """

    name: str
    run: Callable[..., None]
    queue: Queue = "interactive"
    cron: str | None = None
    attempts: int = 5
    free: bool = False

    def perform(self, database: Database, tenant_id: UUID, job_id: str, args: dict[str, Any]) -> None:
        context = JobContext(database, tenant_id, self.name, job_id)
        if self.free:
            self.run(context, **args)
        else:
            context.write(lambda tx: self.run(tx, **args))


_defer_app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


def enqueue(
    tx: WriteTx,
    job: Job,
    *,
    lock: str | None = None,
    once: str | None = None,
    after: timedelta | None = None,
    **args: str | int | bool | None,
) -> int | None:
    """Store a job with the transaction; returns its id, or None when `once` names one that already waits.

    `lock`: jobs with the same lock run one after another. `after`: not before this much time has passed.
    """
    scope = f"{tx.tenant_id}:"
    deferrer = _defer_app.configure_task(
        job.name,
        allow_unknown=True,
        queue=job.queue,
        lock=f"{scope}{lock}" if lock else None,
        queueing_lock=f"{scope}{once}" if once else None,
        schedule_at=now() + after if after else None,
        connection=tx.conn.connection.driver_connection,
    )
    try:
        if once is None:
            return deferrer.defer(tenant_id=str(tx.tenant_id), **args)
        with tx.conn.begin_nested():
            return deferrer.defer(tenant_id=str(tx.tenant_id), **args)
    except AlreadyEnqueued:
        return None
