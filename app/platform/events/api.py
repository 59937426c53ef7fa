from typing import Annotated

from fastapi import Header, Query
from starlette.requests import Request

from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.events.envelope import Envelope
from app.kernel.security.principal import Principal
from app.kernel.tx import ReadTx
from app.platform.events import service
from app.platform.events.errors import ThreadNotFound, TooManyStreams
from app.platform.events.permissions import EVENTS_READ
from app.platform.events.schemas import EventFilter, EventTypeRead, StreamFilter, ThreadFilter, ThreadLine
from app.platform.events.stream import EventStream, Wanted

events = Router("/api/events", tags=["Events"])
threads = Router("/api/thread", tags=["Events"])

_STREAM = {
    200: {
        "description": "Frames with `id` (the place in the log), `event` (the type) and `data` (the envelope).",
    }
}


@events.get("", permission=EVENTS_READ)
def list_events(tx: ReadTx, wanted: Annotated[EventFilter, Query()]) -> Page[Envelope]:
    """Events in the order of the log. An event appears here within moments of its commit."""
    return service.list_events(tx, wanted)


@events.get("/catalogue", permission=EVENTS_READ)
def list_event_types() -> list[EventTypeRead]:
    """Every type of event there is, readable or not."""
    return service.read_catalogue()


@events.get("/stream", permission=EVENTS_READ, errors=[TooManyStreams], responses=_STREAM)
async def stream_events(
    request: Request,
    principal: Principal,
    wanted: Annotated[StreamFilter, Query()],
    last_event_id: Annotated[int | None, Header(ge=0, le=2**63 - 1)] = None,
) -> EventStream:
    """Events as they happen, after `Last-Event-ID` (or `since_seq`) if given, else from now on."""
    position = wanted.since_seq if last_event_id is None else last_event_id
    return EventStream(request, principal.tenant_id, Wanted(wanted.type, wanted.subject, position))


@threads.get("", permission=EVENTS_READ, errors=[ThreadNotFound])
def read_thread(tx: ReadTx, wanted: Annotated[ThreadFilter, Query()]) -> Page[ThreadLine]:
    """The life of one object across all domains, in order, each line with its cause."""
    return service.read_thread(tx, wanted)
