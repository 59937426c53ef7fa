"""After the commit: every event gets its place, its link in the tenant's hash chain, and its way out.

Order is given here and never at insert: a later commit may carry a smaller id, and a cursor over ids would skip
it. One relay per tenant at a time takes the events of transactions that are finished for everyone
(`xid < pg_snapshot_xmin(pg_current_snapshot())`) in (xid, id) order, so nothing can ever appear behind it.

A dump restored into a younger server brings transaction ids from its future. A head that lies there is drained
and then set back to zero; events that are sealed already are stepped over by their id.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from app.kernel.db.engine import Database, bind
from app.kernel.events.chain import FIELDS, GENESIS, digest
from app.kernel.events.envelope import Envelope
from app.kernel.obs.metrics import EVENTS_SEALED
from app.kernel.security.principal import system
from app.kernel.tx import Origin, WriteTx

BATCH = 500
SEALED_CHANNEL = "hangar_sealed"

_NIL = "'00000000-0000-0000-0000-000000000000'::uuid"
_XMIN = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_XMAX = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_POSITION = "SELECT {} FROM event_head WHERE tenant_id = %(tenant)s"
# Without this look every idle tenant would cost a row lock, and so a write, at every sweep. Not EXISTS: it drops
# ORDER BY and LIMIT, and the planner then reads the whole table in the hope of an early match.
_PENDING = f"""
SELECT (
    SELECT id FROM event WHERE tenant_id = %(tenant)s AND xid < {_XMAX}
    AND (xid, id) > (coalesce(({_POSITION.format("xid")}), 0), coalesce(({_POSITION.format("event_id")}), {_NIL}))
    ORDER BY xid, id LIMIT 1
) IS NOT NULL OR EXISTS ({_POSITION.format("1")} AND xid >= {_XMAX})
"""
_HEAD = """
INSERT INTO event_head (tenant_id, seq, hash, xid) VALUES (%(tenant)s, 0, %(genesis)s, 0)
ON CONFLICT (tenant_id) DO NOTHING
"""
_LOCK_HEAD = f"""
SELECT seq, hash, xid, event_id, xid >= {_XMAX} AS ahead
FROM event_head WHERE tenant_id = %(tenant)s FOR UPDATE SKIP LOCKED
"""
_NEXT = f"""
SELECT {FIELDS}, payload, %(ahead)s OR xid < {_XMIN} AS finished FROM event
WHERE tenant_id = %(tenant)s AND (xid, id) > (%(xid)s, %(id)s) AND (%(ahead)s OR xid < {_XMAX})
ORDER BY xid, id LIMIT {BATCH}
"""
_SEALED = "SELECT event_id FROM event_seal WHERE tenant_id = %(tenant)s AND event_id = ANY(%(ids)s::uuid[])"
_SEAL = """
INSERT INTO event_seal (tenant_id, seq, event_id, type, hash, sealed_at)
SELECT %(tenant)s, s.seq, s.event_id, s.type, s.hash, %(now)s
FROM unnest(%(seqs)s::bigint[], %(ids)s::uuid[], %(types)s::text[], %(hashes)s::bytea[])
     AS s(seq, event_id, type, hash)
"""
_MOVE_HEAD = """
UPDATE event_head SET seq = %(seq)s, hash = %(hash)s, xid = %(xid)s, event_id = %(id)s WHERE tenant_id = %(tenant)s
"""
_START_OVER = "UPDATE event_head SET xid = 0, event_id = NULL WHERE tenant_id = %(tenant)s"

Outlet = Callable[[WriteTx, Sequence[Envelope]], None]


def envelope(seq: int | None, event: Row[Any]) -> Envelope:
    """The envelope of a row that has the columns of `event`."""
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
        tx = WriteTx(conn, principal, Origin("relay", "relay"))
        result = _seal(tx, outlets)
    EVENTS_SEALED.inc(result.count)
    return result


def _seal(tx: WriteTx, outlets: Sequence[Outlet]) -> Sealed:
    conn, names = tx.conn, {"tenant": str(tx.tenant_id)}
    if not conn.exec_driver_sql(_PENDING, names).scalar_one():
        return Sealed(0, more=False)
    conn.exec_driver_sql(_HEAD, names | {"genesis": GENESIS})
    head = conn.exec_driver_sql(_LOCK_HEAD, names).first()
    if head is None:
        return Sealed(0, more=True)
    after = {"xid": head.xid, "id": str(head.event_id or UUID(int=0)), "ahead": head.ahead}
    found = conn.exec_driver_sql(_NEXT, names | after).all()
    if not found and head.ahead:
        conn.exec_driver_sql(_START_OVER, names)
        return Sealed(0, more=True)
    finished = list(takewhile(lambda event: event.finished, found))
    if not finished:
        return Sealed(0, more=bool(found))
    events = _unsealed(conn, names, finished)
    link = _append(tx, head.seq, bytes(head.hash), events)
    last = {"seq": head.seq + len(events), "hash": link, "xid": finished[-1].xid, "id": str(finished[-1].id)}
    conn.exec_driver_sql(_MOVE_HEAD, names | last)
    if events:
        _hand_out(tx, outlets, [envelope(head.seq + n, event) for n, event in enumerate(events, 1)])
    return Sealed(len(events), more=len(found) > len(finished) or len(found) == BATCH or head.ahead)


def _unsealed(conn: Connection, names: dict[str, str], events: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Events without a seal; all of them, except after a restore."""
    sealed = set(conn.exec_driver_sql(_SEALED, names | {"ids": [event.id for event in events]}).scalars())
    return [event for event in events if event.id not in sealed] if sealed else events


def _append(tx: WriteTx, seq: int, link: bytes, events: Sequence[Row[Any]]) -> bytes:
    """Write the seals; returns the last link."""
    hashes = []
    for number, event in enumerate(events, seq + 1):
        link = digest(link, tx.tenant_id, number, tx.now, event)
        hashes.append(link)
    seals = {
        "tenant": str(tx.tenant_id),
        "seqs": list(range(seq + 1, seq + 1 + len(events))),
        "ids": [event.id for event in events],
        "types": [event.type for event in events],
        "hashes": hashes,
        "now": tx.now,
    }
    tx.conn.exec_driver_sql(_SEAL, seals)
    return link


def _hand_out(tx: WriteTx, outlets: Sequence[Outlet], envelopes: Sequence[Envelope]) -> None:
    for outlet in outlets:
        outlet(tx, envelopes)
    tx.finish()
    notice = {"channel": SEALED_CHANNEL, "tenant": str(tx.tenant_id)}
    tx.conn.exec_driver_sql("SELECT pg_notify(%(channel)s, %(tenant)s)", notice)
