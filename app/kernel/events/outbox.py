"""Writing events: one statement for all events of a transaction, inside that transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

WAKE_CHANNEL = "hangar_outbox"

_INSERT = """
WITH fresh AS (
  INSERT INTO event (tenant_id, id, type, at, actor, subject, related, correlation_id, causation_id,
                     request_id, payload, before, after)
  SELECT %(tenant)s, e.id, e.type, e.at, e.actor, e.subject,
         ARRAY(SELECT jsonb_array_elements_text(e.related)), e.correlation_id, e.causation_id, e.request_id,
         e.payload, e.before, e.after
  FROM jsonb_to_recordset(%(events)s::jsonb) AS e(
    id uuid, type text, at timestamptz, actor text, subject text, related jsonb, correlation_id text,
    causation_id uuid, request_id text, payload jsonb, before jsonb, after jsonb)
  RETURNING tenant_id, id, subject, related
), named AS (
  INSERT INTO event_ref (tenant_id, ref, event_id)
  SELECT DISTINCT tenant_id, r.ref, id FROM fresh, unnest(array_append(related, subject)) AS r(ref)
)
SELECT pg_notify(%(channel)s, %(tenant)s::text)
"""


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that was emitted and is not yet written."""

    id: UUID
    type: str
    at: datetime
    actor: str
    subject: str
    related: Sequence[str]
    correlation_id: str
    causation_id: UUID | None
    request_id: str
    payload: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    def record(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "type": self.type,
            "at": self.at.isoformat(),
            "actor": self.actor,
            "subject": self.subject,
            "related": list(self.related),
            "correlation_id": self.correlation_id,
            "causation_id": str(self.causation_id) if self.causation_id else None,
            "request_id": self.request_id,
            "payload": self.payload,
            "before": self.before,
            "after": self.after,
        }


def write(conn: Connection, tenant_id: UUID, events: Sequence[PendingEvent]) -> None:
    """Insert the events and their references, and wake the relay when (and only if) the transaction commits."""
    conn.exec_driver_sql(
        _INSERT,
        {
            "tenant": str(tenant_id),
            "channel": WAKE_CHANNEL,
            "events": json.dumps([event.record() for event in events]),
        },
    )
