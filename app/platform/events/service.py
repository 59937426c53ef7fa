"""The log, threads and batches for the stream, as far as the reader may see them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.kernel.api.pagination import SortKeys, page
from app.kernel.api.schemas import Page
from app.kernel.events.documents import description, payload_schema
from app.kernel.events.envelope import Envelope, catalogue
from app.kernel.events.models import EventRow, EventSeal
from app.kernel.relay import envelope
from app.kernel.tx import ReadTx
from app.platform.events import queries
from app.platform.events.access import matching, may_read, readable_types
from app.platform.events.errors import ThreadNotFound
from app.platform.events.schemas import Cause, EventFilter, EventTypeRead, ThreadFilter, ThreadLine

STREAM_BATCH = 200


def list_events(tx: ReadTx, wanted: EventFilter) -> Page[Envelope]:
    """Sealed events in `seq` order (or downwards with `sort=-seq`)."""
    types = _types(tx, wanted.type)
    found = queries.sealed_events(tx.tenant_id, types, wanted.subject, wanted.since_seq)
    keys: SortKeys = {"seq": EventSeal.seq, "id": EventSeal.event_id}
    return page(tx, found, wanted, of_row, keys=keys, default="seq")


def latest(tx: ReadTx, limit: int = 50) -> list[Envelope]:
    """The newest events that the reader may see, newest first."""
    return list_events(tx, EventFilter(limit=limit, sort="-seq")).items


def read_event(tx: ReadTx, event_id: UUID) -> Envelope | None:
    """One event, whoever asks; for jobs that react to it."""
    row = tx.first(queries.one_event(tx.tenant_id, event_id))
    return None if row is None else of_row(row)


def read_catalogue() -> list[EventTypeRead]:
    return [
        EventTypeRead(
            type=name,
            description=description(event),
            permission=str(event.permission),
            payload_schema=payload_schema(event),
        )
        for name, event in catalogue().items()
    ]


def read_thread(tx: ReadTx, wanted: ThreadFilter) -> Page[ThreadLine]:
    """The life of an object in order. Raises `ThreadNotFound` when there is nothing the reader may see."""
    types = readable_types(tx.principal)
    if not tx.scalar(queries.thread_exists(tx.tenant_id, wanted.ref, types)):
        raise ThreadNotFound(f"There is no thread of {wanted.ref}.")
    found = queries.thread(tx.tenant_id, wanted.ref, types, wanted.as_of)
    keys: SortKeys = {"place": queries.thread_place(), "id": EventRow.id}
    return page(tx, found, wanted, _line(tx), keys=keys, default="place")


@dataclass(frozen=True, slots=True)
class Batch:
    """`position`: everything up to this place was looked at. `more`: the batch is full."""

    events: list[Envelope]
    position: int
    more: bool


def read_batch(tx: ReadTx, pattern: str | None, subject: str | None, position: int | None) -> Batch:
    """The events after `position`; None, or a place the log does not have (yet), stands for its end."""
    end = tx.scalar(queries.head(tx.tenant_id)) or 0
    start = end if position is None else min(position, end)
    found = queries.sealed_events(tx.tenant_id, _types(tx, pattern), subject, start)
    rows = tx.all(found.where(EventSeal.seq <= end).order_by(EventSeal.seq).limit(STREAM_BATCH))
    more = len(rows) == STREAM_BATCH
    return Batch([of_row(row) for row in rows], rows[-1].seq if more else end, more)


def of_row(row: Row[Any]) -> Envelope:
    return envelope(row.seq, row)


def _types(tx: ReadTx, pattern: str | None) -> list[str] | None:
    types = readable_types(tx.principal)
    return types if pattern is None else matching(types, pattern)


def _line(tx: ReadTx) -> Callable[[Row[Any]], ThreadLine]:
    def line(row: Row[Any]) -> ThreadLine:
        cause = None
        if row.cause_id is not None and may_read(tx.principal, row.cause_type):
            cause = Cause(id=row.cause_id, seq=row.cause_seq, type=row.cause_type, subject=row.cause_subject)
        return ThreadLine.model_validate(row._asdict() | {"cause": cause})

    return line
