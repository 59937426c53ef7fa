"""How the items of a compiled graph are shown: read once per graph, for codes and units of an item never change."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np

from app.domains.manufacturing.graph import queries
from app.domains.manufacturing.graph.compiled import CompiledGraph
from app.domains.manufacturing.graph.pairs import Ints
from app.kernel.tx import ReadTx


@dataclass(frozen=True, slots=True)
class Shown:
    """By the graph's numbers; `rank` orders by low-level code, then code."""

    ids: list[str]
    codes: list[str]
    uoms: list[str]
    levels: list[int]
    rank: Ints


def read(tx: ReadTx, graph: CompiledGraph) -> Shown:
    row = tx.conn.exec_driver_sql(queries.FACES).one()
    raw, codes, uoms, levels = bytes(row[0] or b""), row[1] or [], row[2] or [], bytes(row[3] or b"")
    place = {raw[16 * number : 16 * number + 16]: number for number in range(len(codes))}
    order = [place[graph.ids[16 * number : 16 * number + 16]] for number in range(len(graph))]
    level = np.frombuffer(levels, dtype=">i4").astype(np.int64)[order] if order else np.zeros(0, np.int64)
    shown_codes = [codes[number] for number in order]
    rank = np.empty(len(order), dtype=np.int64)
    by_code = sorted(range(len(order)), key=lambda number: (level[number], shown_codes[number]))
    rank[by_code] = np.arange(len(order))
    return Shown(
        [str(UUID(bytes=graph.ids[16 * number : 16 * number + 16])) for number in range(len(graph))],
        shown_codes,
        [uoms[number] for number in order],
        level.tolist(),
        rank,
    )
