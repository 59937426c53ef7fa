"""Runs a tenant's delivery jobs in the test's own thread, one at a time, with a clock that the test moves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from app.kernel.clock import now
from app.kernel.db.engine import Database
from app.kernel.jobs.engine import JobContext
from app.kernel.tx import WriteTx
from app.platform.webhooks.delivery import DELIVER
from app.platform.webhooks.fan_out import FAN_OUT

T = TypeVar("T")
_TODO = """
SELECT id, args, scheduled_at FROM jobs.procrastinate_jobs
WHERE status = 'todo' AND task_name = %(task)s AND args ->> 'tenant_id' = %(tenant)s ORDER BY id
"""


@dataclass(frozen=True)
class ClockedContext(JobContext):
    clock: Callable[[], datetime] = now

    def write(self, work: Callable[[WriteTx], T]) -> T:
        def at_that_time(tx: WriteTx) -> T:
            tx.now = self.clock()
            return work(tx)

        return JobContext.write(self, at_that_time)


class Courier:
    """`superuser_url` reads and removes jobs; the work itself runs as the app role."""

    def __init__(self, database: Database, superuser_url: str, tenant_id: UUID) -> None:
        self._database = database
        self._url = superuser_url
        self.tenant_id = tenant_id
        self.clock: Callable[[], datetime] = now

    def jobs(self, task: str = DELIVER.name) -> list[dict[str, Any]]:
        with psycopg.connect(self._url, row_factory=dict_row) as conn:
            return conn.execute(_TODO, {"task": task, "tenant": str(self.tenant_id)}).fetchall()

    def fan_out(self) -> None:
        """Run the one job that queues many deliveries."""
        (job,) = self.jobs(FAN_OUT.name)
        context = ClockedContext(self._database, self.tenant_id, FAN_OUT.name, "job:test", self.clock)
        FAN_OUT.run(context, first=job["args"]["first"], last=job["args"]["last"])

    def run_next(self) -> dict[str, Any]:
        """Run the oldest waiting job, whenever it is due; returns its arguments."""
        job = self.jobs()[0]
        with psycopg.connect(self._url) as conn:
            conn.execute("DELETE FROM jobs.procrastinate_jobs WHERE id = %s", [job["id"]])
        args: dict[str, Any] = dict(job["args"])
        self.perform(**{name: value for name, value in args.items() if name != "tenant_id"})
        return args

    def discard_all(self) -> None:
        """Lose the waiting jobs, as a broken queue would."""
        with psycopg.connect(self._url) as conn:
            conn.execute(
                "DELETE FROM jobs.procrastinate_jobs WHERE task_name = %s AND args ->> 'tenant_id' = %s",
                [DELIVER.name, str(self.tenant_id)],
            )

    def perform(self, **args: Any) -> None:
        context = ClockedContext(self._database, self.tenant_id, DELIVER.name, "job:test", self.clock)
        DELIVER.run(context, **args)

    def run_all(self) -> int:
        """Run what waits until nothing does."""
        count = 0
        while self.jobs():
            self.run_next()
            count += 1
        return count
