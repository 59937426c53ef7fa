"""Finding a tenant's compiled graph: in this process, in its blob, or made anew. Never a stale one.

The version is read from the database by every request; a graph of another version, or one whose time is over
because a planned revision came into force, is not used.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from uuid import UUID

import numpy as np
from sqlalchemy import select, update

from app.domains.manufacturing.graph import queries
from app.domains.manufacturing.graph.compiled import CompiledGraph, Lines
from app.domains.manufacturing.graph.models import BomGraph
from app.domains.manufacturing.graph.packing import pack, unpack
from app.domains.manufacturing.graph.shown import Shown, read
from app.kernel.tx import ReadTx, WriteTx

WORTH_COMPILING = 2000  # lines; below, reading the few that are reached is faster
TENANTS_IN_MEMORY = 16


@dataclass(frozen=True, slots=True)
class Held:
    """`shown` is filled by whoever needs it first."""

    version: int
    until: datetime | None
    graph: CompiledGraph
    shown: list[Shown] = field(default_factory=list)


class Cache:
    """The graphs used last, one per tenant."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[UUID, Held] = OrderedDict()
        self._lock = Lock()

    def get(self, tenant_id: UUID, version: int, at: datetime) -> Held | None:
        with self._lock:
            found = self._held.get(tenant_id)
            if found is None or found.version != version or (found.until is not None and at >= found.until):
                return None
            self._held.move_to_end(tenant_id)
            return found

    def put(self, tenant_id: UUID, held: Held) -> None:
        with self._lock:
            self._held[tenant_id] = held
            self._held.move_to_end(tenant_id)
            while len(self._held) > self._size:
                self._held.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._held.clear()


CACHE = Cache(TENANTS_IN_MEMORY)
_STATE = select(
    BomGraph.version,
    BomGraph.line_count,
    BomGraph.compiled_version,
    BomGraph.compiled_at,
    BomGraph.compiled_until,
)


def current(tx: ReadTx) -> Held | None:
    """The graph in force now; None when the tenant has too few lines to be worth one."""
    state = tx.first(_STATE)
    if state is None or state.line_count < WORTH_COMPILING:
        return None
    found = CACHE.get(tx.tenant_id, state.version, tx.now)
    if found is not None:
        return found
    fresh = state.compiled_version == state.version and state.compiled_at <= tx.now
    if fresh and (state.compiled_until is None or tx.now < state.compiled_until):
        blob = tx.scalar(select(BomGraph.compiled).where(BomGraph.compiled_version == state.version))
        if blob is not None:
            return _keep(tx, state.version, state.compiled_until, lambda: unpack(blob))
    return _keep(tx, state.version, _next_change(tx), lambda: read_graph(tx))


def shown(tx: ReadTx, held: Held) -> Shown:
    if not held.shown:
        held.shown.append(read(tx, held.graph))
    return held.shown[0]


def _keep(tx: ReadTx, version: int, until: datetime | None, make: Callable[[], CompiledGraph]) -> Held:
    held = Held(version, until, make())
    CACHE.put(tx.tenant_id, held)
    return held


def read_graph(tx: ReadTx) -> CompiledGraph:
    """Made from the lines in force now."""
    row = tx.conn.exec_driver_sql(queries.PACKED, {"at": tx.now}).one()
    parent, child, *numbers = (bytes(column or b"") for column in row)
    ids, indices = np.unique(
        np.frombuffer(parent + child, dtype=np.dtype((np.void, 16))), return_inverse=True
    )
    count = len(parent) // 16
    columns = (np.frombuffer(column, dtype=">i8").astype(np.int64) for column in numbers)
    raw = ids.tobytes()
    item_ids = [UUID(bytes=raw[at : at + 16]) for at in range(0, len(raw), 16)]
    flat = indices.reshape(-1)
    return CompiledGraph.of(item_ids, Lines(flat[:count], flat[count:], *columns))


def compile_now(tx: WriteTx) -> None:
    """Store the blob of the present version, unless it is there already."""
    state = tx.first(_STATE)
    if state is None or state.compiled_version == state.version:
        return
    until = _next_change(tx)
    graph = read_graph(tx)
    tx.execute(
        update(BomGraph)
        .where(BomGraph.version == state.version)
        .values(
            compiled=pack(graph),
            compiled_version=state.version,
            compiled_at=tx.now,
            compiled_until=until,
        )
    )


def _next_change(tx: ReadTx) -> datetime | None:
    found: datetime | None = tx.conn.execute(queries.NEXT_CHANGE, {"at": tx.now}).scalar()
    return found
