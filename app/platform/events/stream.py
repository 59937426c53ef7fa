"""Events as they happen: Server-Sent Events (WHATWG HTML, "Server-sent events") with replay by `Last-Event-ID`.

A stream is a coroutine. For each batch it borrows one of the hub's few threads, in which the caller is
authenticated and authorised anew, so it ends when a token expires or a permission is taken away. A slow reader
holds one batch in memory and nothing else.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.kernel.api.execute import reopened
from app.kernel.api.runtime import runtime_of
from app.kernel.events.envelope import Envelope
from app.kernel.problem import PermissionDenied, ServiceUnavailable, Unauthenticated
from app.kernel.relay import SEALED_CHANNEL
from app.platform.events import service
from app.platform.events.errors import TooManyStreams

STREAMS_PER_TENANT = 100
HEARTBEAT_SECONDS = 15.0
STUCK_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
_OPENING = "retry: 2000\n"

_open_streams: Counter[UUID] = Counter()


@dataclass(frozen=True, slots=True)
class Wanted:
    """`position`: the place after which the stream begins; None begins with what happens from now on."""

    pattern: str | None
    subject: str | None
    position: int | None


class EventStream(StreamingResponse):
    """One open stream, counted against its tenant while it is being sent."""

    media_type = "text/event-stream"

    def __init__(self, request: Request, tenant_id: UUID, wanted: Wanted) -> None:
        super().__init__(_frames(request, tenant_id, wanted), headers={"X-Accel-Buffering": "no"})
        self._tenant_id = tenant_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _open_streams[self._tenant_id] >= STREAMS_PER_TENANT:
            limit = f"This tenant has {STREAMS_PER_TENANT} event streams open here."
            raise TooManyStreams(limit, headers={"Retry-After": "5"})
        _open_streams[self._tenant_id] += 1
        try:
            await super().__call__(scope, receive, partial(_send_in_time, send))
        finally:
            _open_streams[self._tenant_id] -= 1
            if not _open_streams[self._tenant_id]:
                del _open_streams[self._tenant_id]


async def _send_in_time(send: Send, message: Message) -> None:
    """A reader that takes nothing for a minute is cut off; it comes back with its `Last-Event-ID`."""
    async with asyncio.timeout(STUCK_SECONDS):
        await send(message)


async def _frames(request: Request, tenant_id: UUID, wanted: Wanted) -> AsyncIterator[str]:
    hub = runtime_of(request).live
    position = wanted.position
    opening = _OPENING
    with hub.subscribe(SEALED_CHANNEL, str(tenant_id)) as news:
        while not hub.draining:
            try:
                batch = await run_sync(_read, request, wanted, position, limiter=hub.readers)
            except (Unauthenticated, PermissionDenied):
                return
            except ServiceUnavailable:
                yield ": the database is away\n\n"
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            position = batch.position
            # An id without data moves the reader's Last-Event-ID past what it may not see.
            yield opening + "".join(map(_frame, batch.events)) + f"id: {position}\n\n"
            opening = ""
            if not batch.more and not await news.wait(HEARTBEAT_SECONDS):
                opening = ": still here\n"


def _read(request: Request, wanted: Wanted, position: int | None) -> service.Batch:
    with reopened(request, request.scope["hangar.endpoint"]) as tx:
        return service.read_batch(tx, wanted.pattern, wanted.subject, position)


def _frame(event: Envelope) -> str:
    body: dict[str, Any] = event.model_dump(mode="json")
    return f"id: {event.seq}\nevent: {event.type}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n"
