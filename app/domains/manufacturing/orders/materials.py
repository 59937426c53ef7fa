"""What orders ask of the stock: keep it, take it, give it back. Many orders at once, in item order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Text, TextClause, Uuid, bindparam, delete, func, select, text, update

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.orders import queries
from app.domains.manufacturing.orders.asks import Ask
from app.domains.manufacturing.orders.models import ProductionComponent, ProductionIssue
from app.domains.manufacturing.orders.quantities import ZERO
from app.domains.manufacturing.orders.queries import KIND
from app.domains.manufacturing.stock.models import StockReservation
from app.domains.manufacturing.stock.reservations import giving, keeping
from app.domains.manufacturing.stock.reservations.words import Line
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx

_STATUS: TextClause = text("""
WITH kept AS (
  SELECT line_ref, sum(open) AS open FROM stock_reservation
  WHERE tenant_id = :tenant AND demand_ref = ANY (:refs) AND open > 0 GROUP BY line_ref
), line AS (
  SELECT c.order_id, greatest(c.qty_required - c.qty_issued - coalesce(k.open, 0), 0) AS missing,
         c.qty_issued + coalesce(k.open, 0) AS there
  FROM production_component c LEFT JOIN kept k ON k.line_ref = c.id::text
  WHERE c.tenant_id = :tenant AND c.order_id = ANY (:ids)
), verdict AS (
  SELECT order_id, CASE WHEN bool_and(missing = 0) THEN 'READY' WHEN bool_or(there > 0) THEN 'PARTIAL'
                        ELSE 'SHORT' END AS status
  FROM line GROUP BY order_id
)
UPDATE production_order o SET material_status = coalesce(v.status, 'READY')
FROM unnest(:ids) AS wanted (id) LEFT JOIN verdict v ON v.order_id = wanted.id
WHERE o.tenant_id = :tenant AND o.id = wanted.id
RETURNING o.id, o.material_status
""").bindparams(bindparam("ids", type_=ARRAY(Uuid())), bindparam("refs", type_=ARRAY(Text())))


@dataclass(frozen=True, slots=True)
class Taken:
    """A quantity of one lot that left stock for a component."""

    order_id: UUID
    component_id: UUID
    lot_id: UUID | None
    quantity: Decimal


def demand(task_id: UUID) -> str:
    """What the stock knows a task by."""
    return ref(KIND, task_id)


def hold(tx: WriteTx, task_ids: Sequence[UUID], more: set[UUID]) -> None:
    """Lock every item that these tasks may touch, and `more`, at once and in order: so nobody waits in a circle."""
    c = ProductionComponent
    tx.flush_if_any()
    found = {row.item_id for row in tx.all(select(c.item_id).where(c.order_id.in_(task_ids)).distinct())}
    items.lock(tx, found | more)


def reserve(tx: WriteTx, task_ids: Sequence[UUID]) -> None:
    """Keep what these tasks still miss, as far as it is there."""
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for row in tx.execute(queries.needs(task_ids)):
        if row.qty_missing > 0:
            lines[demand(row.order_id)].append(Line(row.item_id, row.qty_missing, str(row.id)))
    keeping.reserve_many(tx, lines)


def judge(tx: WriteTx, task_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Say anew, for each task, whether its material is READY, PARTIAL or SHORT."""
    bound = {"tenant": tx.tenant_id, "ids": list(task_ids), "refs": [demand(task_id) for task_id in task_ids]}
    return {row.id: row.material_status for row in tx.execute(_STATUS, bound)}


def take(tx: WriteTx, asks: Sequence[Ask]) -> list[Taken]:
    """Issue what is asked for as far as it is there: what is kept for the line first, then what is free."""
    there = _keep(tx, asks)
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for ask in asks:
        row = ask.component
        quantity = min(ask.quantity, there[row.id])
        if quantity > 0:
            lines[demand(row.order_id)].append(Line(row.item_id, quantity, str(row.id), lot_id=ask.lot_id))
            there[row.id] -= quantity
    if not lines:
        return []
    return [
        Taken(UUID(one.demand_ref.partition(":")[2]), UUID(one.line_ref or ""), one.lot_id, one.quantity)
        for one in giving.issue_many(tx, lines)
    ]


def _keep(tx: WriteTx, asks: Sequence[Ask]) -> dict[UUID, Decimal]:
    """Reserve what is asked for beyond what is kept; how much is kept then, by component.

    An ask for a certain lot counts only what is kept of that lot.
    """
    lots = _kept_lots(tx, asks)
    there: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for ask in asks:
        row = ask.component
        kept = lots.get((row.id, ask.lot_id), ZERO) if ask.lot_id else row.qty_reserved
        there[row.id] += kept
        if ask.quantity > kept:
            lines[demand(row.order_id)].append(
                Line(row.item_id, ask.quantity - kept, str(row.id), lot_id=ask.lot_id)
            )
    for made in keeping.reserve_many(tx, lines).allocations:
        there[UUID(made.line_ref or "")] += made.quantity
    return there


def _kept_lots(tx: WriteTx, asks: Sequence[Ask]) -> dict[tuple[UUID, UUID], Decimal]:
    """How much of a lot is kept for a component, for the asks that name one."""
    named = [ask for ask in asks if ask.lot_id]
    if not named:
        return {}
    r = StockReservation
    rows = tx.all(
        select(r.line_ref, r.lot_id, func.sum(r.open).label("open"))
        .where(
            r.demand_ref.in_({demand(ask.component.order_id) for ask in named}),
            r.lot_id.in_({ask.lot_id for ask in named}),
        )
        .group_by(r.line_ref, r.lot_id)
    )
    return {(UUID(row.line_ref), row.lot_id): row.open for row in rows if row.line_ref}


def release(tx: WriteTx, task_ids: Sequence[UUID]) -> None:
    """Set free what is still kept for these tasks."""
    keeping.release_many(tx, {demand(task_id): None for task_id in task_ids})


def give_back(tx: WriteTx, task_ids: Sequence[UUID]) -> None:
    """Release what is kept, and return to stock what was issued and is in no output."""
    hold(tx, task_ids, set())
    release(tx, task_ids)
    i, c = ProductionIssue, ProductionComponent
    for task_id in task_ids:
        issued = tx.all(
            select(c.id, c.item_id, i.lot_id, func.sum(i.quantity).label("quantity"))
            .join(c, (c.tenant_id == i.tenant_id) & (c.id == i.component_id))
            .where(i.order_id == task_id, i.qty_assigned == 0)
            .group_by(c.id, c.item_id, i.lot_id)
            .order_by(c.item_id, c.id)
        )
        if not issued:
            continue
        lines = [Line(row.item_id, row.quantity, str(row.id), lot_id=row.lot_id) for row in issued]
        giving.return_(tx, demand(task_id), lines, reason="The task was cancelled.")
        tx.execute(delete(i).where(i.order_id == task_id, i.qty_assigned == 0))
        tx.execute(update(c).where(c.order_id == task_id).values(qty_issued=0))
