"""Writing a batch: its row, its signals, and what its minutes are.

A batch of a protocol without idempotency keys is known by its body's digest for fifteen minutes. The claim is a
unique constraint, so of twins in flight one stores and the others learn that it is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.domains.observability.ingest.bulk import write_signals
from app.domains.observability.ingest.record import Record
from app.domains.observability.signals.models import Protocol
from app.domains.observability.signals.partitions import ensure_today
from app.kernel.ids import new_id, new_ids
from app.kernel.obs.metrics import SIGNALS_STORED
from app.kernel.tx import WriteTx

DIGEST_WINDOW = timedelta(minutes=15)
LARGEST_CHUNK = 5000
_RELEASE = """
UPDATE signal_batch SET digest = NULL
WHERE tenant_id = %(tenant)s AND protocol = %(protocol)s AND digest = %(digest)s AND received_at < %(since)s
"""
_CLAIM = """
INSERT INTO signal_batch (tenant_id, id, protocol, digest, item_count, minutes, received_at)
VALUES (%(tenant)s, %(id)s, %(protocol)s, %(digest)s, 0, '{}', %(now)s)
ON CONFLICT (tenant_id, protocol, digest) DO NOTHING
"""
_EARLIER = """
SELECT item_count, rejected_count FROM signal_batch
WHERE tenant_id = %(tenant)s AND protocol = %(protocol)s AND digest = %(digest)s
"""
_FILL = """
UPDATE signal_batch SET item_count = %(items)s, rejected_count = %(rejected)s, minutes = %(minutes)s
WHERE tenant_id = %(tenant)s AND id = %(id)s
"""


class Earlier(NamedTuple):
    """What the first delivery of the same body stored."""

    item_count: int
    rejected_count: int


@dataclass(slots=True)
class Batch:
    """An open batch: `store` as often as needed, then `close` once."""

    tx: WriteTx
    id: UUID
    protocol: Protocol
    items: int = 0
    minutes: set[datetime] = field(default_factory=set)

    def store(self, records: Sequence[Record]) -> list[UUID]:
        """Write signals; returns their ids, in order."""
        ids = new_ids(len(records))
        write_signals(self.tx, self.id, ids, records)
        self.items += len(records)
        numbers = {int(record.occurred_at.timestamp()) // 60 for record in records}
        self.minutes.update(datetime.fromtimestamp(number * 60, UTC) for number in numbers)
        return ids

    def close(self, rejected: int = 0) -> None:
        self.tx.conn.exec_driver_sql(
            _FILL,
            {
                "tenant": self.tx.tenant_id,
                "id": self.id,
                "items": self.items,
                "rejected": rejected,
                "minutes": sorted(self.minutes),
            },
        )
        SIGNALS_STORED.labels(self.protocol).inc(self.items)


def open_batch(tx: WriteTx, protocol: Protocol, digest: bytes | None = None) -> Batch | Earlier:
    """Begin a batch; with `digest`, learn instead what an equal body of the last fifteen minutes stored."""
    ensure_today(tx)
    batch_id = new_id()
    names: dict[str, object] = {
        "tenant": tx.tenant_id,
        "id": batch_id,
        "protocol": protocol,
        "digest": digest,
        "now": tx.now,
        "since": tx.now - DIGEST_WINDOW,
    }
    if digest is not None:
        tx.conn.exec_driver_sql(_RELEASE, names)
    if tx.conn.exec_driver_sql(_CLAIM, names).rowcount:
        return Batch(tx, batch_id, protocol)
    return Earlier(*tx.conn.exec_driver_sql(_EARLIER, names).one())


def chunked(records: Iterable[Record], size: int = LARGEST_CHUNK) -> Iterable[list[Record]]:
    """Lists of at most `size` records."""
    chunk: list[Record] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
