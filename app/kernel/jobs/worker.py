"""The worker process: procrastinate's loop over our jobs, the relay, and the rescue of stalled jobs."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import procrastinate
import structlog
from procrastinate.jobs import Status
from procrastinate.retry import RetryStrategy

from app.kernel.db.engine import Database
from app.kernel.jobs.engine import QUEUES, Job
from app.settings import Settings

log = structlog.get_logger("hangar.worker")

HEARTBEAT_SECONDS = 5.0
STALLED_AFTER_SECONDS = 30.0
_SEARCH_PATH = "-c search_path=jobs,public"


def build(
    settings: Settings, database: Database, jobs: Sequence[Job], tenants: Callable[[], Iterable[UUID]]
) -> procrastinate.App:
    """procrastinate's app with every job registered; `tenants` lists whom periodic jobs run for."""
    connector = procrastinate.PsycopgConnector(
        conninfo=settings.direct_url, kwargs={"options": _SEARCH_PATH}, min_size=1, max_size=6
    )
    app = procrastinate.App(connector=connector)
    for job in jobs:
        _register(app, job, database, tenants)
    _register_upkeep(app, {job.name: job.attempts for job in jobs})
    return app


def _register(
    app: procrastinate.App, job: Job, database: Database, tenants: Callable[[], Iterable[UUID]]
) -> None:
    # procrastinate reads max_attempts=0 as "for ever".
    retry = RetryStrategy(max_attempts=job.attempts - 1, exponential_wait=3) if job.attempts > 1 else False

    @app.task(name=job.name, queue=job.queue, retry=retry, pass_context=True)
    def perform(context: procrastinate.JobContext, /, tenant_id: str, **args: Any) -> None:
        job.perform(database, UUID(tenant_id), f"job:{context.job.id}", args)

    if job.cron is None:
        return

    @app.periodic(cron=job.cron)
    @app.task(name=f"{job.name}.tick", queue=job.queue, queueing_lock=f"{job.name}.tick")
    def tick(timestamp: int) -> None:
        for tenant_id in tenants():
            try:
                job.perform(database, tenant_id, f"tick:{job.name}:{timestamp}", {})
            except Exception:
                log.exception("periodic_job_failed", job=job.name, tenant_id=str(tenant_id))


def _register_upkeep(app: procrastinate.App, attempts: Mapping[str, int]) -> None:
    @app.periodic(cron="* * * * * */10")
    @app.task(name="kernel.retry_stalled", queue="interactive", queueing_lock="kernel.retry_stalled")
    async def retry_stalled(timestamp: int) -> None:
        """A killed worker's job stays `doing` for ever unless somebody notices; one that kills workers ends."""
        stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_SECONDS)
        for job in stalled:
            # Once more than its attempts, so that a job which counts for itself can say that it gives up.
            again = job.attempts < attempts.get(job.task_name, 3)
            log.warning("job_stalled", job_id=job.id, task=job.task_name, tick=timestamp, again=again)
            if again:
                await app.job_manager.retry_job(job)
            else:
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)

    @app.periodic(cron="17 3 * * *")
    @app.task(name="kernel.delete_old_jobs", queue="batch", queueing_lock="kernel.delete_old_jobs")
    async def delete_old_jobs(timestamp: int) -> None:  # noqa: ARG001 every periodic task is given it
        await app.job_manager.delete_old_jobs(nb_hours=72, include_failed=False)


async def run(app: procrastinate.App, background: Callable[[asyncio.Event], asyncio.Future[None]]) -> None:
    """Work until SIGTERM or SIGINT; ends with an error when PostgreSQL goes away (the supervisor starts it again).

    `background(stop)` is what runs beside the jobs (the relay) until `stop` is set.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with app.open_async():
        working = asyncio.ensure_future(
            app.run_worker_async(
                queues=list(QUEUES),
                concurrency=6,
                fetch_job_polling_interval=2.0,
                install_signal_handlers=False,
                shutdown_graceful_timeout=15.0,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_AFTER_SECONDS,
            )
        )
        relaying = background(stop)
        stopping = asyncio.ensure_future(stop.wait())
        watched: list[asyncio.Future[Any]] = [working, relaying, stopping]
        await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        asked = stop.is_set()
        stop.set()
        if not working.done():
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await relaying
        if not asked:
            raise RuntimeError("the worker's loop ended by itself")
