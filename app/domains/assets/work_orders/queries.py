"""Reading work orders."""

from uuid import UUID

from sqlalchemy import exists, select

from app.domains.assets.timeline.models import AssetBlock
from app.domains.assets.work_orders.models import WorkOrder, WorkOrderHistory
from app.domains.assets.work_orders.schemas import WorkOrderFilter
from app.kernel.tx import AnySelect

SORT = {
    "id": WorkOrder.id,
    "created_at": WorkOrder.created_at,
    "priority": WorkOrder.priority,
    "updated_at": WorkOrder.updated_at,
}


def work_orders() -> AnySelect:
    holding = exists().where(
        AssetBlock.tenant_id == WorkOrder.tenant_id,
        AssetBlock.work_order_id == WorkOrder.id,
        AssetBlock.active,
    )
    plain = [c for c in WorkOrder.__table__.c if c.name not in {"blocks_asset", "assigned_user_id"}]
    return select(*plain, holding.label("blocks_asset"))


def filtered(wanted: WorkOrderFilter) -> AnySelect:
    statement = work_orders()
    if wanted.asset_id is not None:
        statement = statement.where(WorkOrder.asset_id == wanted.asset_id)
    if wanted.status is not None:
        statement = statement.where(WorkOrder.status == wanted.status.value)
    return statement


def unfinished(asset_id: UUID) -> AnySelect:
    return select(WorkOrder.id, WorkOrder.title).where(
        WorkOrder.asset_id == asset_id, WorkOrder.status.in_(("OPEN", "IN_PROGRESS"))
    )


def history(work_order_id: UUID) -> AnySelect:
    """Oldest first."""
    h = WorkOrderHistory
    return (
        select(
            h.id,
            h.work_order_id.label("workorder_id"),
            h.action,
            h.from_status,
            h.to_status,
            h.note,
            h.actor_id,
            h.detail,
            h.created_at,
        )
        .where(h.work_order_id == work_order_id)
        .order_by(h.created_at, h.id)
    )
