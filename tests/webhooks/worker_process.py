"""A worker of its own process, to be killed: `python -m tests.webhooks.worker_process`, the servers' URLs on stdin."""

import asyncio
import sys

from app.kernel.jobs import worker
from app.platform.webhooks.config import configure
from app.platform.webhooks.delivery import DELIVER
from app.registry import build_database
from tests.support.databases import load
from tests.support.server import settings_for


def main() -> None:
    settings = settings_for(load(sys.stdin.read()))
    configure(settings)
    app = worker.build(settings, build_database(settings), [DELIVER], list)

    async def work() -> None:
        async with app.open_async():
            await app.run_worker_async(queues=["interactive"], install_signal_handlers=False)

    asyncio.run(work())


main()
