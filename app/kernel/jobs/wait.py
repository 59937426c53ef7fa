"""Waiting for work to be done, off the thread pool: a waiting request is a coroutine and holds nothing."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from anyio.to_thread import run_sync

from app.kernel.events.live import LiveHub
from app.kernel.tx import WriteTx

DONE_CHANNEL = "hangar_done"
LONGEST_WAIT_SECONDS = 15.0
_LOOK_ANYWAY_SECONDS = 3.0


def announce(tx: WriteTx, key: UUID) -> None:
    """Wake whoever waits for `key`, when (and only if) this transaction commits."""
    tx.conn.exec_driver_sql(
        "SELECT pg_notify(%(channel)s, %(payload)s)",
        {"channel": DONE_CHANNEL, "payload": _payload(tx.tenant_id, key)},
    )


async def wait_for(
    hub: LiveHub, tenant_id: UUID, key: UUID, seconds: float, *, finished: Callable[[], bool]
) -> bool:
    """Whether `key` was finished within `seconds`.

    `finished` is a short look into the database; it runs in a thread of the hub's few, at first, at every
    announcement, and now and then in between.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    with hub.subscribe(DONE_CHANNEL, _payload(tenant_id, key)) as news:
        while not await run_sync(finished, limiter=hub.readers):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or hub.draining:
                return False
            await news.wait(min(left, _LOOK_ANYWAY_SECONDS))
    return True


def _payload(tenant_id: UUID, key: UUID) -> str:
    return f"{tenant_id}:{key}"
