"""A worker process for tests: the product's loop, with a short patience for workers that vanish.

python -m tests.operations.worker_process      (DATABASE_URL, DATABASE_DIRECT_URL)
"""

import asyncio

from app.kernel.jobs import worker
from app.registry import build_database
from app.settings import get_settings
from tests.operations.kinds import HANG, HANG_FOR_EVER

worker.HEARTBEAT_SECONDS = 0.5
worker.STALLED_AFTER_SECONDS = 2.0


def _until(stop: asyncio.Event) -> asyncio.Future[None]:
    async def wait() -> None:
        await stop.wait()

    return asyncio.ensure_future(wait())


if __name__ == "__main__":
    settings = get_settings()
    database = build_database(settings)
    app = worker.build(settings, database, [HANG.job, HANG_FOR_EVER.job], list)
    asyncio.run(worker.run(app, _until))
