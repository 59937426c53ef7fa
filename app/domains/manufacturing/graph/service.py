"""What is computed over the graph: explosion, where-used, cost, what can be built, and what differs."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select

from app.domains.manufacturing.bom import reads
from app.domains.manufacturing.bom.errors import BomNotFound
from app.domains.manufacturing.bom.models import Bom
from app.domains.manufacturing.graph import queries, reach, store
from app.domains.manufacturing.graph.network import Network
from app.domains.manufacturing.graph.rounding import micros, text_of
from app.domains.manufacturing.graph.schemas import (
    AsOfFilter,
    BuildableRead,
    CostRead,
    CostRow,
    ExplodedRow,
    ExplodeFilter,
    FlatRow,
    IndentedRow,
    LimitingItem,
    WhereUsedRow,
)
from app.domains.manufacturing.items import service as items
from app.kernel.api.rows import Rows
from app.kernel.tx import AnyRow, ReadTx

Row = tuple[Any, ...]


def explode(tx: ReadTx, bom_id: UUID, wanted: ExplodeFilter) -> Rows[ExplodedRow]:
    """Raises `BomNotFound`, `RevisionNotFound`."""
    at = wanted.as_of or tx.now
    revision = reads.in_force(tx, bom_id, at)
    if not wanted.flat:
        network = reach.below(tx, revision.id, at)
        return Rows(list(IndentedRow.model_fields), _indented(tx, network, revision, wanted.quantity))
    held = store.current(tx) if wanted.as_of is None else None
    if held is not None:
        return Rows(list(FlatRow.model_fields), _flat_compiled(tx, held, revision, wanted.quantity))
    network = reach.below(tx, revision.id, at)
    return Rows(list(FlatRow.model_fields), _flat(tx, network, revision, wanted.quantity))


def _flat(tx: ReadTx, network: Network, revision: AnyRow, quantity: Decimal) -> list[Row]:
    needed = network.explode({revision.product_id: Fraction(quantity)})
    faces = reach.faces(tx, needed)
    rows = (
        (str(item), faces[item].code, faces[item].level, text_of(micros(exact)), faces[item].uom)
        for item, exact in needed.items()
    )
    return sorted(rows, key=lambda row: (row[2], row[1]))


def _flat_compiled(tx: ReadTx, held: store.Held, revision: AnyRow, quantity: Decimal) -> list[Row]:
    root, exact = revision.product_id, Fraction(quantity)
    demands = {root: exact}
    if not _is_default(tx, revision):
        own = Network(reach.uses(tx.conn.execute(queries.OF_REVISION, {"revision_id": revision.id})))
        demands = {item: need for item, need in own.explode(demands).items() if item != root}
    elif held.graph.number(root) is None:
        return _flat(tx, Network([]), revision, quantity)
    reached, needs = held.graph.explode(demands)
    shown = store.shown(tx, held)
    order = np.argsort(shown.rank[reached])
    numbers = reached[order].tolist()
    rows: list[Row] = [
        (
            shown.ids[number],
            shown.codes[number],
            shown.levels[number],
            text_of(needs[place]),
            shown.uoms[number],
        )
        for number, place in zip(numbers, order.tolist(), strict=True)
    ]
    if root not in demands:
        rows = [*_flat(tx, Network([]), revision, quantity), *rows]
        rows.sort(key=lambda row: (row[2], row[1]))
    return rows


def _is_default(tx: ReadTx, revision: AnyRow) -> bool:
    """Whether this is what the product is made by wherever it is a component."""
    params = {"item": revision.product_id, "at": tx.now}
    made_by = tx.conn.execute(queries.MADE_BY, params).scalar()
    return bool(made_by == revision.id)


def _indented(tx: ReadTx, network: Network, revision: AnyRow, quantity: Decimal) -> list[Row]:
    root = revision.product_id
    needed = network.explode({root: Fraction(quantity)})
    faces = reach.faces(tx, needed)
    top = faces[root]
    rows: list[Row] = [
        (0, None, None, root, top.code, top.name, text_of(micros(Fraction(quantity))), top.uom, False, False)
    ]
    for depth, use, repeated in _walk(network, root):
        face = faces[use.child]
        flow = text_of(micros(use.fixed + use.per * needed[use.parent]))
        ids = (use.line_id, use.parent, use.child)
        rows.append((depth, *ids, face.code, face.name, flow, face.uom, use.phantom, repeated))
    return rows


def _walk(network: Network, root: UUID) -> Iterator[tuple[int, Any, bool]]:
    """Lines depth first; each item's own lines only once."""
    unfolded = {root}
    stack = [(1, use) for use in reversed(network.below.get(root, ()))]
    while stack:
        depth, use = stack.pop()
        inside = network.below.get(use.child, ())
        repeated = use.child in unfolded and bool(inside)
        yield depth, use, repeated
        if not repeated:
            unfolded.add(use.child)
            stack.extend((depth + 1, below) for below in reversed(inside))


def _network(tx: ReadTx, revision: AnyRow, as_of: datetime | None) -> Network:
    """The exact engine over what is reached, its lines from the compiled graph where there is one."""
    held = store.current(tx) if as_of is None else None
    root = None if held is None else held.graph.number(revision.product_id)
    if held is None or root is None or not _is_default(tx, revision):
        return reach.below(tx, revision.id, as_of or tx.now)
    return held.graph.network(held.graph.below(np.array([root])))


def where_used(tx: ReadTx, bom_id: UUID, wanted: AsOfFilter) -> Rows[WhereUsedRow]:
    """Where the product goes. Raises `BomNotFound`."""
    product = tx.one(select(Bom.product_id).where(Bom.id == bom_id), BomNotFound).product_id
    return where_item_used(tx, product, wanted)


def where_item_used(tx: ReadTx, item_id: UUID, wanted: AsOfFilter) -> Rows[WhereUsedRow]:
    """Raises `ItemNotFound`."""
    items.get(tx, item_id)
    network = reach.above(tx, item_id, wanted.as_of or tx.now)
    shares = network.share_of(item_id)
    shares.pop(item_id, None)
    depth = _heights(network, item_id)
    faces = reach.faces(tx, shares)
    rows = [
        (
            str(item),
            faces[item].code,
            faces[item].name,
            depth[item],
            text_of(micros(share * Fraction(wanted.quantity))),
            faces[item].uom,
        )
        for item, share in shares.items()
    ]
    rows.sort(key=lambda row: (row[3], row[1]))
    return Rows(list(WhereUsedRow.model_fields), rows)


def _heights(network: Network, item_id: UUID) -> dict[UUID, int]:
    """The longest way up from the item."""
    height = {item_id: 0}
    for above in reversed(network.order(list(network.below))):
        below = [height[use.child] for use in network.below.get(above, ()) if use.child in height]
        if below and above != item_id:
            height[above] = max(below) + 1
    return height


def cost(tx: ReadTx, bom_id: UUID, wanted: AsOfFilter) -> CostRead:
    """Raises `BomNotFound`, `RevisionNotFound`."""
    revision = reads.in_force(tx, bom_id, wanted.as_of or tx.now)
    network = _network(tx, revision, wanted.as_of)
    quantity = Fraction(wanted.quantity)
    needed = network.explode({revision.product_id: quantity})
    bought = {item: need for item, need in needed.items() if item not in network.below}
    faces = reach.faces(tx, bought)
    total = Fraction(0)
    rows = []
    for item, need in sorted(bought.items(), key=lambda pair: faces[pair[0]].code):
        face = faces[item]
        price = None if face.standard_cost is None else Fraction(face.standard_cost)
        total += need * (price or 0)
        rows.append(
            CostRow(
                item_id=item,
                code=face.code,
                quantity=text_of(micros(need)),
                uom=face.uom,
                unit_cost=None if price is None else text_of(micros(price)),
                cost=None if price is None else text_of(micros(need * price)),
            )
        )
    missing = [row.code for row in rows if row.unit_cost is None]
    return CostRead(
        bom_id=bom_id,
        revision_id=revision.id,
        quantity=text_of(micros(quantity)),
        total_cost=text_of(micros(total)),
        unit_cost=text_of(micros(total / quantity)),
        complete=not missing,
        missing=missing,
        rows=rows,
    )


def max_buildable(tx: ReadTx, bom_id: UUID, as_of: datetime | None) -> BuildableRead:
    """Of the stock of now. Raises `BomNotFound`, `RevisionNotFound`."""
    revision = reads.in_force(tx, bom_id, as_of or tx.now)
    network = _network(tx, revision, as_of)
    if not network.below:
        return BuildableRead(bom_id=bom_id, revision_id=revision.id, quantity=0, limiting=[])
    parts = network.order([revision.product_id])
    count, lacking = network.most_buildable(revision.product_id, reach.free_stock(tx, parts))
    faces = reach.faces(tx, [one.item_id for one in lacking])
    limiting = [
        LimitingItem(
            item_id=one.item_id,
            code=faces[one.item_id].code,
            needed=text_of(micros(one.needed)),
            available=text_of(micros(one.available)),
        )
        for one in sorted(lacking, key=lambda one: faces[one.item_id].code)
    ]
    return BuildableRead(bom_id=bom_id, revision_id=revision.id, quantity=count, limiting=limiting)
