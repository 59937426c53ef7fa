"""Reading the log. `seq` exists only for sealed events, so every cursor over it is safe."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, exists, func, literal, select
from sqlalchemy.orm import aliased

from app.kernel.events.models import EventHead, EventRef, EventRow, EventSeal

_ENVELOPE = (
    EventRow.id,
    EventRow.type,
    EventRow.at,
    EventRow.actor,
    EventRow.subject,
    EventRow.related,
    EventRow.correlation_id,
    EventRow.causation_id,
    EventRow.payload,
)
_SAME_EVENT = (EventSeal.tenant_id == EventRow.tenant_id) & (EventSeal.event_id == EventRow.id)
_CauseRow = aliased(EventRow, name="cause")
_CauseSeal = aliased(EventSeal, name="cause_seal")
# Beyond every real seq: the unsealed lines of a thread come last, in the order they will be sealed in.
_UNSEALED = 2**62


def sealed_events(
    tenant_id: UUID, types: Sequence[str] | None, subject: str | None, since: int
) -> Select[Any]:
    """Sealed events after `since`, unordered: the columns of an envelope with `seq`."""
    found = (
        select(EventSeal.seq, *_ENVELOPE)
        .join(EventRow, _SAME_EVENT)
        .where(EventSeal.tenant_id == tenant_id, EventSeal.seq > since)
    )
    if types is not None:
        found = found.where(EventSeal.type.in_(types))
    if subject is not None:
        about = select(EventRef.event_id).where(EventRef.tenant_id == tenant_id, EventRef.ref == subject)
        found = found.where(EventSeal.event_id.in_(about), EventRow.subject == subject)
    return found


def head(tenant_id: UUID) -> Select[int]:
    """The last place that was given."""
    return select(EventHead.seq).where(EventHead.tenant_id == tenant_id)


def one_event(tenant_id: UUID, event_id: UUID) -> Select[Any]:
    return (
        select(EventSeal.seq, *_ENVELOPE)
        .outerjoin_from(EventRow, EventSeal, _SAME_EVENT)
        .where(EventRow.tenant_id == tenant_id, EventRow.id == event_id)
    )


def thread(tenant_id: UUID, ref: str, types: Sequence[str] | None, as_of: datetime | None) -> Select[Any]:
    """Everything about an object: its events and those it is related to, each with the event that caused it."""
    found = (
        select(
            EventSeal.seq,
            *_ENVELOPE,
            _CauseRow.id.label("cause_id"),
            _CauseSeal.seq.label("cause_seq"),
            _CauseRow.type.label("cause_type"),
            _CauseRow.subject.label("cause_subject"),
        )
        .select_from(EventRef)
        .join(EventRow, (EventRow.tenant_id == EventRef.tenant_id) & (EventRow.id == EventRef.event_id))
        .outerjoin(EventSeal, _SAME_EVENT)
        .outerjoin(
            _CauseRow, (_CauseRow.tenant_id == EventRow.tenant_id) & (_CauseRow.id == EventRow.causation_id)
        )
        .outerjoin(
            _CauseSeal,
            (_CauseSeal.tenant_id == _CauseRow.tenant_id) & (_CauseSeal.event_id == _CauseRow.id),
        )
        .where(EventRef.tenant_id == tenant_id, EventRef.ref == ref)
    )
    if types is not None:
        found = found.where(EventRow.type.in_(types))
    if as_of is not None:
        found = found.where(EventRow.at <= as_of)
    return found


def thread_place() -> ColumnElement[int]:
    """The place of a line in its thread: `seq`, or for unsealed events a place after all others."""
    return func.coalesce(EventSeal.seq, literal(_UNSEALED, BigInteger) + EventRow.xid)


def thread_exists(tenant_id: UUID, ref: str, types: Sequence[str] | None) -> Select[bool]:
    """Whether the reader may see anything at all about `ref`."""
    about = (
        select(EventRef.event_id)
        .join(EventRow, (EventRow.tenant_id == EventRef.tenant_id) & (EventRow.id == EventRef.event_id))
        .where(EventRef.tenant_id == tenant_id, EventRef.ref == ref)
    )
    if types is not None:
        about = about.where(EventRow.type.in_(types))
    return select(exists(about))
