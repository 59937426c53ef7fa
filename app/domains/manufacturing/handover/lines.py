"""Line clearance: a line holds one product until it is cleared."""

from uuid import UUID

from sqlalchemy import func, or_, select, update

from app.domains.manufacturing.handover.errors import LineNotClear, ProductionLineNotFound
from app.domains.manufacturing.handover.models import ProductionLine
from app.kernel.tx import WriteTx

L = ProductionLine


def enter(tx: WriteTx, production_line_id: UUID | None, product_id: UUID) -> None:
    """Occupy the line for this product, in one conditional statement. Raises `ProductionLineNotFound`, `LineNotClear`."""
    if production_line_id is None:
        return
    entered = tx.execute(
        update(L)
        .where(L.id == production_line_id, or_(L.product_id.is_(None), L.product_id == product_id))
        .values(
            product_id=product_id,
            occupied_at=func.coalesce(L.occupied_at, tx.now),
            version=L.version + 1,
            updated_at=tx.now,
        )
    )
    if entered.rowcount:
        return
    line = tx.one(select(L.code, L.product_id).where(L.id == production_line_id), ProductionLineNotFound)
    raise LineNotClear(
        f"Line {line.code} holds another product; clear it first.",
        production_line_id=str(production_line_id),
        product_id=str(line.product_id),
    )
