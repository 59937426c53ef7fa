"""An inspection as an operation that somebody waits for, and once a day by itself."""

from typing import Any
from uuid import UUID

from app.domains.observability import permissions as p
from app.domains.observability.inspections import service
from app.domains.observability.inspections.look import look
from app.domains.observability.inspections.words import BASELINE
from app.kernel.events.envelope import ref
from app.kernel.jobs.engine import Job, JobContext
from app.kernel.tx import Origin, WriteTx
from app.platform import operations

ATTEMPTS = 3


def _inspect(work: operations.Work, run_id: str) -> dict[str, Any] | None:
    run = UUID(run_id)
    try:
        place = work.write(service.audit_place)
        found = look(work.context.database, work.context.tenant_id, work.origin, place)
        work.write(lambda tx: service.conclude(tx, run, found))
    except operations.Canceled:
        work.write(lambda tx: service.give_up(tx, run))
        raise
    except Exception:
        if work.turn >= ATTEMPTS:
            work.write(lambda tx: service.give_up(tx, run))
        raise
    return {"inspection_id": run_id}


INSPECT = operations.Kind(
    "security.inspection", permission=p.OBSERVABILITY_WRITE, run=_inspect, attempts=ATTEMPTS
)


def start(tx: WriteTx, baseline_version: str) -> UUID:
    """The id of a run whose work is enqueued with this transaction."""
    run_id = service.begin(tx, baseline_version)
    operations.start(tx, INSPECT, subject=ref("inspection", run_id), run_id=str(run_id))
    return run_id


def _daily(context: JobContext) -> None:
    """In the schedule's own turn, one tenant after the other: a thousand tenants keep nobody's job waiting."""
    run_id = context.write(lambda tx: service.begin(tx, BASELINE))
    try:
        place = context.write(service.audit_place)
        found = look(context.database, context.tenant_id, Origin(context.job_id, context.job_id), place)
        context.write(lambda tx: service.conclude(tx, run_id, found))
        context.write(service.forget)
    except Exception:
        context.write(lambda tx: service.give_up(tx, run_id))
        raise


DAILY = Job("security.inspect_daily", run=_daily, queue="batch", cron="23 4 * * *", free=True)
