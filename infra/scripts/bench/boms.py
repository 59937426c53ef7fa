"""A plant's bills of materials for measuring: 100,000 items, 450,000 lines, 10 levels, from a fixed seed."""

import ctypes
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psycopg
from numpy.typing import NDArray

from app.domains.manufacturing.graph.compiled import SCALE, CompiledGraph, Lines

Ints = NDArray[np.int64]
LEVELS = 10
_KERNEL = """
void roll(long n, const int *parent, const int *child, const double *per, double *value) {
    for (long k = 0; k < n; k++) value[parent[k]] += per[k] * value[child[k]];
}
void explode(long n, const int *parent, const int *child, const double *per, double *need) {
    for (long k = 0; k < n; k++) need[child[k]] += per[k] * need[parent[k]];
}
"""


@dataclass(frozen=True)
class Plant:
    level: Ints
    parent: Ints
    child: Ints
    quantity: Ints
    wastage: Ints

    def lines(self) -> Lines:
        nothing = np.zeros_like(self.quantity)
        return Lines(self.parent, self.child, self.quantity, nothing, self.wastage, nothing + SCALE)


def plant(items: int, lines: int, seed: int = 20260401) -> Plant:
    """Each item below the top is used at least once; one line in five skips levels; each pair occurs once."""
    dice = np.random.default_rng(seed)
    level = np.sort(np.arange(items) % LEVELS)
    first = np.searchsorted(level, np.arange(LEVELS + 1))
    child = np.concatenate(
        [np.arange(first[1], items), dice.integers(first[1], items, lines - (items - first[1]))]
    )
    skips = np.where(dice.random(lines) < 0.2, dice.integers(1, LEVELS, lines), 1)
    above = np.maximum(level[child] - skips, 0)
    parent = (first[above] + dice.random(lines) * (first[above + 1] - first[above])).astype(np.int64)
    pairs = np.unique(parent * items + child)
    parent, child = pairs // items, pairs % items
    quantity = dice.integers(1, 5, len(pairs)) * SCALE
    return Plant(level, parent, child, quantity, dice.integers(0, 6, len(pairs)) * 10_000)


def largest_root(graph: CompiledGraph) -> tuple[int, int, int]:
    """The root that reaches most among the first fifty: its number, items and lines reached."""
    best = (0, 0, 0)
    for root in range(50):
        marked = graph.below(np.array([root]))
        items = int(marked.sum())
        if items > best[1]:
            best = (root, items, int(marked[graph.lines.parent].sum()))
    return best


class Loop:
    """The same sums in C, over lines in order: what this machine can do at best."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            source, library = Path(place) / "k.c", Path(place) / "k.so"
            source.write_text(_KERNEL)
            subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
            self._library = ctypes.CDLL(str(library))

    def run(
        self, name: str, parent: NDArray[np.int32], child: NDArray[np.int32], per: object, value: object
    ) -> None:
        arrays = [ctypes.c_void_p(array.ctypes.data) for array in (parent, child, per, value)]  # type: ignore[attr-defined]
        getattr(self._library, name)(ctypes.c_long(len(parent)), *arrays)


def fill(superuser_url: str, tenant_id: UUID, made: Plant) -> list[UUID]:
    """Store the plant as released revisions, past the triggers; returns the header's id per item (or of none)."""
    count = len(made.level)
    ids = [uuid4() for _ in range(count)]
    parents = np.unique(made.parent)
    headers, revisions = [uuid4() for _ in parents], [uuid4() for _ in parents]
    place = {int(number): at for at, number in enumerate(parents)}
    with psycopg.connect(superuser_url) as conn:
        conn.execute("SET session_replication_role = replica")
        row = conn.execute(
            "SELECT id FROM unit WHERE tenant_id = %s AND code = 'pcs'", (tenant_id,)
        ).fetchone()
        assert row is not None
        unit, at = row[0], "2026-01-01T00:00:00Z"
        _copy(
            conn,
            "item (tenant_id, id, code, name, item_type, unit_id, low_level_code, standard_cost,"
            " created_at, updated_at)",
            (
                (tenant_id, ids[n], f"I-{n:06d}", f"Item {n}", "RAW", unit, int(made.level[n]), 1, at, at)
                for n in range(count)
            ),
        )
        _copy(
            conn,
            "bom (tenant_id, id, product_id, bom_type, created_by, created_at, updated_at)",
            (
                (tenant_id, headers[k], ids[n], "MANUFACTURING", "bench", at, at)
                for k, n in enumerate(parents)
            ),
        )
        _copy(
            conn,
            "bom_revision (tenant_id, id, bom_id, number, revision, qty_output,"
            " supports_multi_material, default_variant_selection, content_hash, effective_from, released_at,"
            " released_by, created_by, created_at)",
            (
                (
                    tenant_id,
                    revisions[k],
                    headers[k],
                    1,
                    "Rev 1.0",
                    1,
                    False,
                    "primary",
                    "0" * 64,
                    at,
                    at,
                    "bench",
                    "bench",
                    at,
                )
                for k in range(len(parents))
            ),
        )
        order = np.argsort(made.parent, kind="stable")
        first = np.searchsorted(made.parent[order], made.parent[order])
        position = np.arange(len(order)) - first + 1
        _copy(
            conn,
            "bom_line (tenant_id, id, revision_id, origin_id, position, component_id, qty_needed,"
            " wastage_percent, used_item_id, used_quantity, used_fixed)",
            (
                (
                    tenant_id,
                    one := uuid4(),
                    revisions[place[int(made.parent[k])]],
                    one,
                    int(position[j]),
                    ids[made.child[k]],
                    int(made.quantity[k]) // SCALE,
                    int(made.wastage[k]) // 10_000,
                    ids[made.child[k]],
                    int(made.quantity[k]) // SCALE,
                    0,
                )
                for j, k in enumerate(order)
            ),
        )
        conn.execute(
            "INSERT INTO bom_graph (tenant_id, id, version, line_count) VALUES (%s, %s, 1, %s)",
            (tenant_id, UUID(int=0), len(order)),
        )
    with psycopg.connect(superuser_url, autocommit=True) as conn:
        conn.execute("ANALYZE item, bom, bom_revision, bom_line")
    return [headers[place[n]] if n in place else UUID(int=0) for n in range(count)]


def _copy(conn: psycopg.Connection, target: str, rows: object) -> None:
    with conn.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:  # type: ignore[attr-defined]
            copy.write_row(row)
