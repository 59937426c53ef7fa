"""Recomputing the hash chain: every link from the first to the head, in batches of flat memory.

What it can't see by itself is a chain rewritten as a whole, head included: for that an anchor is passed in that was
taken earlier and kept elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.kernel.events.chain import GENESIS, digest
from app.kernel.tx import ReadTx
from app.platform.audit import queries
from app.platform.audit.schemas import Anchor, Mismatch, Verification

BATCH = 2000
_NIL = UUID(int=0)


@dataclass(slots=True)
class _Chain:
    """How far the walk has come."""

    seq: int = 0
    link: bytes = GENESIS
    checked: int = 0


def verify(tx: ReadTx, anchor: Anchor) -> Verification:
    """Check every event and seal against the chain; the first mismatch ends the walk."""
    names = {"tenant": str(tx.tenant_id)}
    head = tx.conn.exec_driver_sql(queries.HEAD, names).first()
    head_seq, head_hash = (head.seq, bytes(head.hash)) if head else (0, GENESIS)
    chain = _Chain()
    found = _begin(tx, chain, anchor)
    found = found or _walk(tx, chain, head_seq, anchor) or _ending(chain, head_seq, head_hash, anchor)
    position = {"xid": head.xid if head else 0, "event_id": str((head and head.event_id) or _NIL)}
    unsealed = tx.conn.exec_driver_sql(queries.UNSEALED, names | position).one()
    if found is None and unsealed.behind is not None:
        found = Mismatch(seq=None, event_id=unsealed.behind, reason="unsealed_behind_head")
    return Verification(
        verified=found is None,
        checked=chain.checked,
        head_seq=head_seq,
        head_hash=head_hash.hex(),
        first_mismatch=found,
        unsealed=unsealed.waiting,
    )


def _begin(tx: ReadTx, chain: _Chain, anchor: Anchor) -> Mismatch | None:
    """Stand on the link of `since_seq`."""
    if anchor.since_seq == 0:
        return None
    names = {"tenant": str(tx.tenant_id), "seq": anchor.since_seq}
    link = tx.conn.exec_driver_sql(queries.LINK, names).scalar()
    if link is None:
        return Mismatch(seq=anchor.since_seq, event_id=None, reason="missing_seal")
    chain.seq, chain.link = anchor.since_seq, bytes(link)
    if anchor.anchor_seq == chain.seq and anchor.anchor_hash not in {None, chain.link.hex()}:
        return Mismatch(seq=chain.seq, event_id=None, reason="anchor")
    return None


def _walk(tx: ReadTx, chain: _Chain, head_seq: int, anchor: Anchor) -> Mismatch | None:
    for link in _links(tx, chain.seq):
        if link.seq > head_seq:
            return _beyond(tx, link)
        if link.seq != chain.seq + 1:
            return Mismatch(seq=chain.seq + 1, event_id=None, reason="missing_seal")
        if link.id is None:
            return Mismatch(seq=link.seq, event_id=link.event_id, reason="missing_event")
        expected = digest(chain.link, tx.tenant_id, link.seq, link.sealed_at, link)
        if bytes(link.hash) != expected or link.sealed_type != link.type:
            return Mismatch(seq=link.seq, event_id=link.event_id, reason="altered")
        if link.seq == anchor.anchor_seq and anchor.anchor_hash not in {None, expected.hex()}:
            return Mismatch(seq=link.seq, event_id=link.event_id, reason="anchor")
        chain.seq, chain.link, chain.checked = link.seq, expected, chain.checked + 1
    return None


def _links(tx: ReadTx, after: int) -> Iterator[Row[Any]]:
    while True:
        batch = tx.conn.exec_driver_sql(
            queries.LINKS, {"tenant": str(tx.tenant_id), "after": after, "limit": BATCH}
        ).all()
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].seq


def _beyond(tx: ReadTx, link: Row[Any]) -> Mismatch | None:
    """A seal after the head as it was read at first: the relay's, if the head has moved on since."""
    now = tx.conn.exec_driver_sql(queries.HEAD, {"tenant": str(tx.tenant_id)}).first()
    if now is not None and now.seq >= link.seq:
        return None
    return Mismatch(seq=link.seq, event_id=link.event_id, reason="beyond_head")


def _ending(chain: _Chain, head_seq: int, head_hash: bytes, anchor: Anchor) -> Mismatch | None:
    if chain.seq < head_seq:
        return Mismatch(seq=chain.seq + 1, event_id=None, reason="missing_seal")
    if chain.link != head_hash:
        return Mismatch(seq=head_seq, event_id=None, reason="head")
    if anchor.anchor_seq is not None and anchor.anchor_seq > head_seq:
        return Mismatch(seq=anchor.anchor_seq, event_id=None, reason="anchor")
    return None
