"""Running what was queued, here and now."""

from datetime import datetime

import psycopg

from app.kernel.jobs.engine import Job
from tests.support.tenants import Tenant


def run_queued(tenant: Tenant, *jobs: Job, by: datetime | None = None) -> int:
    """Perform the tenant's waiting jobs of these kinds in order, until none is left; returns how many.

    Those planned for later than `by` (the present, when left out) stay.
    """
    named = {job.name: job for job in jobs}
    done = 0
    with psycopg.connect(tenant.server.urls.superuser_url, autocommit=True) as conn:
        while True:
            rows = conn.execute(
                "DELETE FROM jobs.procrastinate_jobs WHERE id = (SELECT min(id) FROM jobs.procrastinate_jobs"
                " WHERE status = 'todo' AND task_name = ANY (%s) AND args ->> 'tenant_id' = %s"
                " AND coalesce(scheduled_at, now()) <= coalesce(%s, now())) RETURNING id, task_name, args",
                (list(named), str(tenant.id), by),
            ).fetchall()
            if not rows:
                return done
            job_id, name, args = rows[0]
            args.pop("tenant_id")
            named[name].perform(tenant.server.database, tenant.id, f"job:{job_id}", args)
            done += 1
