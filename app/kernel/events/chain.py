"""The hash chain over a tenant's events: what a link covers, and how it is computed.

jsonb is hashed as PostgreSQL writes it out: exact (a float would round long numbers) and canonical (keys sorted,
duplicates gone).
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

GENESIS = b"\x00" * 32

FIELDS = (
    "id, xid, type, at, actor, subject, related, correlation_id, causation_id, request_id,"
    " payload::text AS payload_text, before::text AS before_text, after::text AS after_text"
)


def digest(previous: bytes, tenant_id: UUID, seq: int, sealed_at: datetime, event: Row[Any]) -> bytes:
    """SHA-256 over the previous link, the place in the chain and every stored column of the event.

    `event` is a row of `FIELDS`. The record is a JSON array in ASCII; instants are ISO 8601 in UTC.
    """
    record = [
        str(tenant_id),
        seq,
        _instant(sealed_at),
        str(event.id),
        event.xid,
        event.type,
        _instant(event.at),
        event.actor,
        event.subject,
        list(event.related),
        event.correlation_id,
        str(event.causation_id) if event.causation_id else None,
        event.request_id,
        event.payload_text,
        event.before_text,
        event.after_text,
    ]
    canonical = json.dumps(record, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(previous + canonical.encode()).digest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
