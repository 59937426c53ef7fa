"""`/events`: what happened in the tenant, newest first, live when the browser can."""

from typing import Annotated

from fastapi import Query
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from app.kernel.api.routing import Router
from app.kernel.events.envelope import catalogue
from app.kernel.events.models import EventHead, EventRow, EventSeal
from app.kernel.tx import ReadTx
from app.platform import events
from app.platform.pages.shell import render

router = Router()

PAGE_SIZE = 50


@router.get("/events", permission=events.EVENTS_READ, page=True)
def show_events(
    request: Request,
    tx: ReadTx,
    before: Annotated[
        int | None, Query(ge=1, le=2**62, description="Only events before this number.")
    ] = None,
    event_type: Annotated[str, Query(alias="type", max_length=100)] = "",
) -> Response:
    """The tenant's latest events, as far as the reader may see their types."""
    readable = events.readable_types(tx.principal)
    statement = (
        select(EventSeal.seq, EventRow.id, EventRow.type, EventRow.at, EventRow.actor, EventRow.subject)
        .join(EventRow, (EventRow.tenant_id == EventSeal.tenant_id) & (EventRow.id == EventSeal.event_id))
        .order_by(EventSeal.seq.desc())
        .limit(PAGE_SIZE + 1)
    )
    if readable is not None:
        statement = statement.where(EventSeal.type.in_(readable))
    if event_type:
        statement = statement.where(EventSeal.type == event_type)
    if before is not None:
        statement = statement.where(EventSeal.seq < before)
    found = tx.all(statement)
    return render(
        request,
        "events.html",
        events=found[:PAGE_SIZE],
        types=list(catalogue()) if readable is None else readable,
        chosen=event_type,
        older=found[PAGE_SIZE - 1].seq if len(found) > PAGE_SIZE else None,
        newest=before is None,
        head=tx.scalar(select(EventHead.seq)) or 0,
    )
