"""What every change of a bill of materials does to the graph, under the tenant's graph lock.

The lock is the graph's row, so two edits that would close a loop together come one after the other, and the second
sees the first. Low-level codes are kept exact: the longest way down to an item over everything in force or to come.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.domains.manufacturing.bom.errors import BomLoop
from app.domains.manufacturing.graph import store
from app.domains.manufacturing.graph.jobs import COMPILE
from app.domains.manufacturing.graph.models import GRAPH_ID, BomGraph
from app.domains.manufacturing.items.models import Item
from app.kernel.clock import now
from app.kernel.jobs.engine import enqueue
from app.kernel.tx import WriteTx

_LIVE = "r.released_at IS NOT NULL AND (r.effective_to IS NULL OR r.effective_to > :now)"
_PARTS = """(
    SELECT l.used_item_id AS child FROM bom_line l WHERE l.revision_id = r.id
    UNION ALL SELECT l.component_id FROM bom_line l WHERE l.revision_id = r.id AND l.component_id <> l.used_item_id
    UNION ALL SELECT v.material_id FROM bom_variant v WHERE v.revision_id = r.id
)"""
_BELOW = text(f"""
WITH RECURSIVE below(item_id) AS (
    SELECT unnest(:children)
    UNION
    SELECT c.child FROM below d
    JOIN item i ON i.id = d.item_id AND i.low_level_code < :level
    JOIN bom b ON b.product_id = d.item_id
    JOIN bom_revision r ON r.bom_id = b.id AND {_LIVE}
    JOIN LATERAL {_PARTS} c ON true
)
SELECT DISTINCT d.item_id AS parent, c.child FROM below d
JOIN bom b ON b.product_id = d.item_id
JOIN bom_revision r ON r.bom_id = b.id AND {_LIVE}
JOIN LATERAL {_PARTS} c ON true
""").bindparams(bindparam("children", type_=ARRAY(Uuid())))
_CHILDREN = text(f"""
SELECT DISTINCT c.child FROM bom b JOIN bom_revision r ON r.bom_id = b.id AND {_LIVE}
JOIN LATERAL {_PARTS} c ON true WHERE b.product_id = ANY(:items)
""").bindparams(bindparam("items", type_=ARRAY(Uuid())))
_RELEVEL = text(f"""
WITH uses AS (
    SELECT l.used_item_id AS child, l.revision_id FROM bom_line l WHERE l.used_item_id = ANY(:items)
    UNION ALL SELECT l.component_id, l.revision_id FROM bom_line l WHERE l.component_id = ANY(:items)
    UNION ALL SELECT v.material_id, v.revision_id FROM bom_variant v WHERE v.material_id = ANY(:items)
), wanted AS (
    SELECT c.id, coalesce(max(p.low_level_code) + 1, 0) AS level FROM unnest(:items) c(id)
    LEFT JOIN (uses u JOIN bom_revision r ON r.id = u.revision_id AND {_LIVE}
               JOIN bom b ON b.id = r.bom_id JOIN item p ON p.id = b.product_id) ON u.child = c.id
    GROUP BY c.id
), held AS (
    SELECT i.id, w.level FROM item i JOIN wanted w ON w.id = i.id WHERE i.low_level_code <> w.level
    ORDER BY i.id FOR NO KEY UPDATE OF i
)
UPDATE item SET low_level_code = held.level FROM held WHERE item.id = held.id RETURNING item.id
""").bindparams(bindparam("items", type_=ARRAY(Uuid())))


def lock(tx: WriteTx) -> None:
    """Take the tenant's graph lock. `tx.now` moves on to after what was waited for."""
    made = insert(BomGraph).values(tenant_id=tx.tenant_id, id=GRAPH_ID)
    tx.execute(made.on_conflict_do_nothing(index_elements=["tenant_id", "id"]))
    tx.execute(select(BomGraph.id).with_for_update())
    tx.now = max(tx.now, now())


def refuse_loop(tx: WriteTx, product_id: UUID, children: Iterable[UUID]) -> None:
    """Raises `BomLoop` with the path when these components would make the product a part of itself.

    Only items above the product's low-level code can lead back to it, so only those are followed.
    """
    wanted = sorted(set(children))
    level = tx.scalar(select(Item.low_level_code).where(Item.id == product_id)) or 0
    found = tx.execute(_BELOW, {"children": wanted, "level": level, "now": tx.now}).all() if level else ()
    below: dict[UUID, list[UUID]] = {}
    for row in found:
        below.setdefault(row.parent, []).append(row.child)
    path = _way_back(product_id, wanted, below)
    if path is not None:
        raise _loop(tx, path)


def _way_back(product_id: UUID, children: Sequence[UUID], below: dict[UUID, list[UUID]]) -> list[UUID] | None:
    came_from: dict[UUID, UUID] = dict.fromkeys(children, product_id)
    queue = list(children)
    for item in queue:
        if item == product_id:
            break
        for child in below.get(item, ()):
            if child not in came_from:
                came_from[child] = item
                queue.append(child)
    if product_id not in came_from:
        return None
    path = [product_id]
    while came_from[path[-1]] != product_id:
        path.append(came_from[path[-1]])
    return [product_id, *path[:0:-1], product_id]


def _loop(tx: WriteTx, path: Sequence[UUID]) -> BomLoop:
    rows = tx.all(select(Item.id, Item.code).where(Item.id.in_(path)))
    codes = {row.id: row.code for row in rows}
    names = [codes[item] for item in path]
    return BomLoop(
        f"The lines close a loop: {' → '.join(names)}.",
        path=list(names),
        path_ids=[str(item) for item in path],
    )


def changed(tx: WriteTx, touched: Iterable[UUID], *, lines: int) -> int:
    """A change is in force: bring the low-level codes of `touched` components and all below up to date.

    `lines`: how many lines were released with it. Returns the new version of the graph.
    """
    frontier = sorted(set(touched))
    while frontier:
        moved = tx.execute(_RELEVEL, {"items": frontier, "now": tx.now}).scalars().all()
        frontier = sorted(_children(tx, moved, tx.now)) if moved else []
    return bump(tx, lines=lines)


def bump(tx: WriteTx, *, lines: int) -> int:
    """The next version; a graph worth it is compiled by a job."""
    row = tx.execute(
        update(BomGraph)
        .values(version=BomGraph.version + 1, line_count=BomGraph.line_count + lines)
        .returning(BomGraph.version, BomGraph.line_count)
    ).one()
    if row.line_count >= store.WORTH_COMPILING:
        enqueue(tx, COMPILE, once=COMPILE.name)
    return int(row.version)


def _children(tx: WriteTx, items: Sequence[UUID], at: datetime) -> list[UUID]:
    return list(tx.execute(_CHILDREN, {"items": list(items), "now": at}).scalars().all())


def find_loop(tx: WriteTx, new: Mapping[UUID, Sequence[UUID]]) -> list[UUID] | None:
    """A loop that these components of products would close together with what is in force, or None."""
    wanted = sorted({child for children in new.values() for child in children})
    rows = tx.execute(_BELOW, {"children": wanted, "level": 2**31 - 1, "now": tx.now}).all()
    below: dict[UUID, list[UUID]] = {product: list(children) for product, children in new.items()}
    for row in rows:
        below.setdefault(row.parent, []).append(row.child)
    return _any_loop(below)


def _any_loop(below: Mapping[UUID, Sequence[UUID]]) -> list[UUID] | None:
    """Depth first, with the way down kept in hand."""
    left: dict[UUID, bool] = {}
    for start in below:
        way: list[UUID] = []
        stack = [(start, False)]
        while stack:
            item, leaving = stack.pop()
            if leaving:
                left[item] = True
                way.pop()
            elif item not in left:
                left[item] = False
                way.append(item)
                stack.append((item, True))
                stack.extend((child, False) for child in below.get(item, ()) if not left.get(child, False))
            elif not left[item]:
                return [*way[way.index(item) :], item]
    return None
