"""A worker process for tests: the product's loop and jobs of backups, quick to notice a worker that vanished.

python -m tests.observability.backups_worker      (DATABASE_URL, DATABASE_DIRECT_URL, OPS_DATABASE_URL, HANGAR_BACKUP_DIR)
"""

import asyncio

from app.domains.observability.backups.jobs import DRILL, RUN
from app.kernel.jobs import worker
from app.registry import build_database
from app.settings import get_settings

worker.HEARTBEAT_SECONDS = 0.5
worker.STALLED_AFTER_SECONDS = 2.0


def _until(stop: asyncio.Event) -> asyncio.Future[None]:
    async def wait() -> None:
        await stop.wait()

    return asyncio.ensure_future(wait())


if __name__ == "__main__":
    settings = get_settings()
    database = build_database(settings)
    app = worker.build(settings, database, [RUN.job, DRILL.job], list)
    asyncio.run(worker.run(app, _until))
