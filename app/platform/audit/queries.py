"""The event table read as the audit record, and the batches that verification walks through."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from app.kernel.events.chain import FIELDS
from app.kernel.events.models import EventRef, EventRow, EventSeal
from app.platform.audit.schemas import AuditFilter

HEAD = "SELECT seq, hash, xid, event_id FROM event_head WHERE tenant_id = %(tenant)s"

LINK = "SELECT hash FROM event_seal WHERE tenant_id = %(tenant)s AND seq = %(seq)s"

LINKS = f"""
SELECT s.seq, s.event_id, s.type AS sealed_type, s.hash, s.sealed_at, e.*
FROM (SELECT * FROM event_seal WHERE tenant_id = %(tenant)s AND seq > %(after)s ORDER BY seq LIMIT %(limit)s) AS s
LEFT JOIN LATERAL (SELECT {FIELDS} FROM event WHERE tenant_id = s.tenant_id AND event.id = s.event_id) AS e ON true
ORDER BY s.seq
"""

# A head whose transaction id lies in this server's future was restored from another one and says nothing.
UNSEALED = """
SELECT count(*) FILTER (WHERE NOT behind) AS waiting,
       (array_agg(id ORDER BY id) FILTER (WHERE behind))[1] AS behind
FROM (
    SELECT e.id, (e.xid, e.id) <= (%(xid)s::bigint, %(event_id)s::uuid)
                 AND %(xid)s::bigint < pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS behind
    FROM event e
    WHERE e.tenant_id = %(tenant)s
    AND NOT EXISTS (SELECT 1 FROM event_seal s WHERE s.tenant_id = e.tenant_id AND s.event_id = e.id)
) AS unsealed
"""


_ENTRY = (
    EventRow.id,
    EventSeal.seq,
    EventRow.at,
    EventRow.actor,
    EventRow.type.label("action"),
    EventRow.subject.label("resource"),
    EventRow.related,
    EventRow.request_id,
    EventRow.correlation_id,
    EventRow.causation_id,
    EventRow.before,
    EventRow.after,
    EventRow.payload,
)


def entries(tenant_id: UUID, wanted: AuditFilter) -> Select[Any]:
    """Audit entries, unordered."""
    found = (
        select(*_ENTRY)
        .outerjoin_from(
            EventRow,
            EventSeal,
            (EventSeal.tenant_id == EventRow.tenant_id) & (EventSeal.event_id == EventRow.id),
        )
        .where(EventRow.tenant_id == tenant_id)
    )
    if wanted.actor is not None:
        found = found.where(EventRow.actor == wanted.actor)
    if wanted.action is not None:
        found = found.where(EventRow.type == wanted.action)
    if wanted.resource is not None:
        about = select(EventRef.event_id).where(
            EventRef.tenant_id == tenant_id, EventRef.ref == wanted.resource
        )
        found = found.where(EventRow.id.in_(about), EventRow.subject == wanted.resource)
    if wanted.from_ts is not None:
        found = found.where(EventRow.at >= wanted.from_ts)
    if wanted.to_ts is not None:
        found = found.where(EventRow.at < wanted.to_ts)
    return found
