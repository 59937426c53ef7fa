"""Running jobs in this process, the way the worker does."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from app.kernel.jobs import worker
from app.kernel.jobs.engine import Job
from tests.support.server import Server


def run_jobs_until(done: Callable[[], bool], server: Server, jobs: Sequence[Job]) -> None:
    """Run jobs with procrastinate's own loop until `done`; fails after 30 s."""
    app = worker.build(server.settings, server.database, jobs, list)

    async def run() -> None:
        async with app.open_async(), asyncio.timeout(30):
            working = asyncio.ensure_future(
                app.run_worker_async(
                    concurrency=4, install_signal_handlers=False, fetch_job_polling_interval=0.1
                )
            )
            while not await asyncio.to_thread(done):
                assert not working.done(), "the worker ended by itself"
                await asyncio.sleep(0.02)
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working

    asyncio.run(run())
