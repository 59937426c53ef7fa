"""After the commit: every event gets its place, its link in the tenant's hash chain, and its way out.

Order is given here and never at insert: a later commit may carry a smaller id, and a cursor over ids would skip
it. One relay per tenant at a time takes the events of transactions that are finished for everyone
(`xid < pg_snapshot_xmin(pg_current_snapshot())`) in (xid, id) order, so nothing can ever appear behind it.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.kernel.db.engine import Database, bind
from app.kernel.events.envelope import Envelope
from app.kernel.obs.metrics import EVENTS_SEALED
from app.kernel.security.principal import system
from app.kernel.tx import Origin, WriteTx

BATCH = 500
GENESIS = b"\x00" * 32
SEALED_CHANNEL = "hangar_sealed"

COLUMNS = (
    "id, xid, type, at, actor, subject, related, correlation_id, causation_id, request_id, payload, before, after"
)
_HEAD = """
INSERT INTO event_head (tenant_id, seq, hash, xid) VALUES (%(tenant)s, 0, %(genesis)s, 0)
ON CONFLICT (tenant_id) DO NOTHING
"""
_LOCK_HEAD = "SELECT seq, hash, xid, event_id FROM event_head WHERE tenant_id = %(tenant)s FOR UPDATE SKIP LOCKED"
_NEXT = f"""
SELECT {COLUMNS}, xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS finished FROM event
WHERE tenant_id = %(tenant)s AND (xid, id) > (%(xid)s, %(id)s)
ORDER BY xid, id LIMIT {BATCH}
"""
_SEAL = """
INSERT INTO event_seal (tenant_id, seq, event_id, hash, sealed_at)
SELECT %(tenant)s, s.seq, s.event_id, s.hash, %(now)s
FROM unnest(%(seqs)s::bigint[], %(ids)s::uuid[], %(hashes)s::bytea[]) AS s(seq, event_id, hash)
"""
_MOVE_HEAD = """
UPDATE event_head SET seq = %(seq)s, hash = %(hash)s, xid = %(xid)s, event_id = %(id)s WHERE tenant_id = %(tenant)s
"""

Outlet = Callable[[WriteTx, Sequence[Envelope]], None]


def digest(previous: bytes, seq: int, event: Row[Any]) -> bytes:
    """SHA-256 over the previous hash and every stored field of the event, as canonical JSON (sorted keys, UTC)."""
    at: datetime = event.at
    record = {
        "seq": seq,
        "id": str(event.id),
        "type": event.type,
        "at": at.timestamp().hex(),
        "actor": event.actor,
        "subject": event.subject,
        "related": list(event.related),
        "correlation_id": event.correlation_id,
        "causation_id": str(event.causation_id) if event.causation_id else None,
        "request_id": event.request_id,
        "payload": event.payload,
        "before": event.before,
        "after": event.after,
    }
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(previous + canonical.encode()).digest()


def envelope(seq: int | None, event: Row[Any]) -> Envelope:
    return Envelope(
        id=event.id,
        seq=seq,
        type=event.type,
        at=event.at,
        actor=event.actor,
        subject=event.subject,
        related=event.related,
        correlation_id=event.correlation_id,
        causation_id=event.causation_id,
        payload=event.payload,
    )


@dataclass(frozen=True, slots=True)
class Sealed:
    """`more`: events are left that could not be taken yet (a full batch, or older transactions still open)."""

    count: int
    more: bool


def seal(database: Database, tenant_id: UUID, outlets: Sequence[Outlet]) -> Sealed:
    """Seal up to `BATCH` finished events of one tenant and hand them to the outlets, in one transaction."""
    with database.connect() as conn, conn.begin():
        principal = system(tenant_id, "relay")
        bind(conn, tenant_id, principal.actor)
        names = {"tenant": str(tenant_id)}
        conn.exec_driver_sql(_HEAD, names | {"genesis": GENESIS})
        head = conn.exec_driver_sql(_LOCK_HEAD, names).first()
        if head is None:
            return Sealed(0, more=True)
        after = {"xid": head.xid, "id": str(head.event_id or UUID(int=0))}
        found = conn.exec_driver_sql(_NEXT, names | after).all()
        events = list(takewhile(lambda event: event.finished, found))
        if not events:
            return Sealed(0, more=bool(found))
        tx = WriteTx(conn, principal, Origin("relay", "relay"))
        _append(tx, head.seq, bytes(head.hash), events)
        numbered = [envelope(head.seq + n, event) for n, event in enumerate(events, 1)]
        for outlet in outlets:
            outlet(tx, numbered)
        tx.finish()
        conn.exec_driver_sql("SELECT pg_notify(%(channel)s, %(tenant)s)", names | {"channel": SEALED_CHANNEL})
    EVENTS_SEALED.inc(len(events))
    return Sealed(len(events), more=len(found) > len(events) or len(found) == BATCH)


def _append(tx: WriteTx, seq: int, link: bytes, events: Sequence[Row[Any]]) -> None:
    hashes = []
    for number, event in enumerate(events, seq + 1):
        link = digest(link, number, event)
        hashes.append(link)
    names = {"tenant": str(tx.tenant_id)}
    tx.conn.exec_driver_sql(
        _SEAL,
        names
        | {
            "seqs": list(range(seq + 1, seq + 1 + len(events))),
            "ids": [event.id for event in events],
            "hashes": hashes,
            "now": tx.now,
        },
    )
    last = events[-1]
    tx.conn.exec_driver_sql(
        _MOVE_HEAD, names | {"seq": seq + len(events), "hash": link, "xid": last.xid, "id": str(last.id)}
    )
