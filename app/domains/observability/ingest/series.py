"""Series: a metric's service, name, unit and labels, stored once and named by an id from then on.

A process remembers ids of series that it has read back from the database, so one whose transaction was rolled back
is never remembered.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic_core import to_json

from app.kernel.ids import new_ids
from app.kernel.tx import WriteTx

V = TypeVar("V")
_FIND = "SELECT fingerprint, id FROM signal_series WHERE tenant_id = %(tenant)s AND fingerprint = ANY (%(prints)s)"
_ADD = """
INSERT INTO signal_series (tenant_id, id, service_name, signal_name, unit, labels, fingerprint, created_at)
SELECT %s, rows.*, %s
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::bytea[]) AS rows
ON CONFLICT (tenant_id, fingerprint) DO NOTHING
"""


class SeriesName(NamedTuple):
    """All that tells series apart."""

    service_name: str
    signal_name: str
    unit: str | None
    labels: Mapping[str, str]

    def fingerprint(self) -> bytes:
        told = [self.service_name, self.signal_name, self.unit, sorted(self.labels.items())]
        return hashlib.sha256(to_json(told)).digest()


class Recent(Generic[V]):
    """The values used last, at most `size` of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[tuple[UUID, bytes], V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[UUID, bytes]) -> V | None:
        found = self._kept.get(key)
        if found is not None:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
        return found

    def put(self, key: tuple[UUID, bytes], value: V) -> None:
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)


_IDS: Recent[UUID] = Recent(200_000)


def series_ids(tx: WriteTx, names: Iterable[SeriesName]) -> dict[bytes, UUID]:
    """The id of each series by its fingerprint; those that are new are stored. Once in a transaction."""
    wanted = {name.fingerprint(): name for name in names}
    known = {print_: found for print_ in wanted if (found := _IDS.get((tx.tenant_id, print_))) is not None}
    missing = {print_: name for print_, name in wanted.items() if print_ not in known}
    if not missing:
        return known
    stored = _find(tx, missing)
    for print_, row_id in stored.items():
        _IDS.put((tx.tenant_id, print_), row_id)
    new = {print_: name for print_, name in missing.items() if print_ not in stored}
    return known | stored | _add(tx, new)


def is_stored(tx: WriteTx, name: SeriesName) -> bool:
    """Whether the series is known to be committed: only then may anything outside this transaction remember it."""
    return _IDS.get((tx.tenant_id, name.fingerprint())) is not None


def _find(tx: WriteTx, prints: Iterable[bytes]) -> dict[bytes, UUID]:
    rows = tx.conn.exec_driver_sql(_FIND, {"tenant": tx.tenant_id, "prints": list(prints)})
    return {bytes(print_): row_id for print_, row_id in rows}


def _add(tx: WriteTx, new: Mapping[bytes, SeriesName]) -> dict[bytes, UUID]:
    """Store series, in one order in every transaction so that two can't wait for each other."""
    if not new:
        return {}
    prints = sorted(new)
    names = [new[print_] for print_ in prints]
    columns: list[list[Any]] = [
        [*new_ids(len(prints))],
        [name.service_name for name in names],
        [name.signal_name for name in names],
        [name.unit for name in names],
        [to_json(dict(name.labels)).decode() for name in names],
        prints,
    ]
    tx.conn.exec_driver_sql(_ADD, (tx.tenant_id, tx.now, *columns))
    return _find(tx, prints)
