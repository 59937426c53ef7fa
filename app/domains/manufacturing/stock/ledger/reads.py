"""What there is of items, for planning and for other slices."""

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from app.domains.manufacturing.stock.arrays import array
from app.kernel.tx import ReadTx


class OnHand(NamedTuple):
    """Of one item, over all internal locations, in its unit."""

    on_hand: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    owed: Decimal = Decimal(0)

    @property
    def available(self) -> Decimal:
        return self.on_hand - self.reserved


_TOTALS = text("""
SELECT item_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved, sum(owed) AS owed FROM stock_balance
WHERE tenant_id = :tenant AND item_id = ANY(CAST(:items AS uuid[])) GROUP BY item_id
""")


def totals(tx: ReadTx, item_ids: Collection[UUID]) -> dict[UUID, OnHand]:
    """What there is of each of these items; nothing of those that never moved."""
    found = tx.conn.execute(_TOTALS, {"tenant": tx.tenant_id, "items": array(item_ids)})
    return dict.fromkeys(item_ids, OnHand()) | {
        row.item_id: OnHand(row.on_hand, row.reserved, row.owed) for row in found
    }
