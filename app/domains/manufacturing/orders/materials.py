"""What orders ask of the stock: keep it, take it, give it back. Many orders at once, in item order."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import TextClause, text

from app.domains.manufacturing.orders import queries
from app.domains.manufacturing.orders.queries import KIND
from app.kernel.events.envelope import ref
from app.kernel.tx import AnyRow, WriteTx

_STATUS: TextClause = text("""
WITH kept AS (
  SELECT line_ref, sum(open) AS open FROM stock_reservation
  WHERE demand_ref = ANY (:refs) GROUP BY line_ref
), line AS (
  SELECT c.order_id, greatest(c.qty_required - c.qty_issued - coalesce(k.open, 0), 0) AS missing,
         c.qty_issued + coalesce(k.open, 0) AS there
  FROM production_component c LEFT JOIN kept k ON k.line_ref = c.id::text
  WHERE c.order_id = ANY (:ids)
), verdict AS (
  SELECT order_id, CASE WHEN bool_and(missing = 0) THEN 'READY' WHEN bool_or(there > 0) THEN 'PARTIAL'
                        ELSE 'SHORT' END AS status
  FROM line GROUP BY order_id
)
UPDATE production_order o SET material_status = coalesce(v.status, 'READY')
FROM unnest(:ids) AS wanted(id) LEFT JOIN verdict v ON v.order_id = wanted.id
WHERE o.id = wanted.id
RETURNING o.id, o.material_status
""")


def demand(task_id: UUID) -> str:
    """What the stock knows a task by."""
    return ref(KIND, task_id)


def judge(tx: WriteTx, task_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Say anew, for each task, whether its material is READY, PARTIAL or SHORT."""
    found = tx.execute(_STATUS, {"ids": list(task_ids), "refs": [demand(task_id) for task_id in task_ids]})
    return {row.id: row.material_status for row in found}
