"""Parts for work of other domains: reservations and moves by the reference of that work."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, text

from app.domains.manufacturing.stock.reservations import giving, keeping
from app.domains.manufacturing.stock.reservations.words import Allocation, Line, Reserved
from app.kernel.tx import ReadTx, WriteTx


@dataclass(frozen=True, slots=True)
class PartUse:
    """What one piece of work has of one item, in its unit. `used` is issued less returned.

    `cost`: of what was used, at the costs when it was issued; None when an item had none.
    """

    item_id: UUID
    item_code: str
    item_name: str
    uom: str
    reserved: Decimal
    used: Decimal
    cost: Decimal | None


_USES = text("""
WITH kept AS (
    SELECT item_id, sum(open) AS reserved, sum(issued - returned) AS used
    FROM stock_reservation WHERE tenant_id = :tenant AND demand_ref = :demand GROUP BY item_id
), spent AS (
    SELECT item_id, sum(CASE move_type WHEN 'RETURN' THEN -quantity ELSE quantity END * unit_cost) AS cost,
           bool_or(unit_cost IS NULL) AS unknown
    FROM stock_move
    WHERE tenant_id = :tenant AND source_ref = :demand AND reservation_id IS NOT NULL
    GROUP BY item_id
)
SELECT k.item_id, i.code, i.name, u.code AS uom, k.reserved, k.used,
       CASE WHEN s.unknown THEN NULL ELSE coalesce(s.cost, 0) END AS cost
FROM kept k JOIN item i ON i.tenant_id = :tenant AND i.id = k.item_id
JOIN unit u ON u.tenant_id = :tenant AND u.id = i.unit_id
LEFT JOIN spent s ON s.item_id = k.item_id
ORDER BY i.code
""")
_COSTS = text("""
SELECT source_ref, CASE WHEN bool_or(unit_cost IS NULL) THEN NULL
       ELSE sum(CASE move_type WHEN 'RETURN' THEN -quantity ELSE quantity END * unit_cost) END AS cost
FROM stock_move
WHERE tenant_id = :tenant AND source_ref = ANY(CAST(:demands AS text[])) AND reservation_id IS NOT NULL
GROUP BY source_ref
""").bindparams(bindparam("demands", type_=ARRAY(Text())))


def reserve_parts(tx: WriteTx, work_ref: str, lines: Sequence[Line]) -> Reserved:
    """Keep parts for a piece of work. Raises `ItemNotFound`, `LocationNotFound`."""
    return keeping.reserve(tx, work_ref, lines)


def issue_parts(tx: WriteTx, work_ref: str, lines: Sequence[Line] | None = None) -> list[Allocation]:
    """Give out what is kept, or these lines, topped up from what is free. Raises `InsufficientStock`."""
    return giving.issue(tx, work_ref, lines)


def return_parts(tx: WriteTx, work_ref: str, lines: Sequence[Line]) -> list[Allocation]:
    """Take back what was not used. Raises `NothingToReturn`."""
    return giving.return_(tx, work_ref, lines)


def release_parts(tx: WriteTx, work_ref: str, lines: Sequence[Line] | None = None) -> int:
    """Set free what is kept and was not issued: all, or at most these lines. How many reservations that changed."""
    return keeping.release(tx, work_ref, lines)


def costs_of(tx: ReadTx, work_refs: Sequence[str]) -> dict[str, Decimal | None]:
    """What the parts used by each piece of work cost; None when one of them had no cost when it was issued."""
    if not work_refs:
        return {}
    found = tx.conn.execute(_COSTS, {"tenant": tx.tenant_id, "demands": list(work_refs)})
    return dict.fromkeys(work_refs, Decimal(0)) | {row.source_ref: row.cost for row in found}


def parts_of(tx: ReadTx, work_ref: str) -> list[PartUse]:
    """What the work holds and has used, by item code."""
    found = tx.conn.execute(_USES, {"tenant": tx.tenant_id, "demand": work_ref})
    return [PartUse(*row) for row in found]
