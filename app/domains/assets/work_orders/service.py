"""Use cases of work orders: what they do to the order, its history, and the asset's timeline."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains import manufacturing
from app.domains.assets.errors import WorkOrderNotFound, WorkOrderTransitionRefused
from app.domains.assets.events import WorkOrderClosed, WorkOrderMoved, WorkOrderOpened
from app.domains.assets.facts.locking import lock, lock_in_service
from app.domains.assets.timeline import service as timeline
from app.domains.assets.words import BlockKind, WorkOrderStatus
from app.domains.assets.work_orders.models import WorkOrder, WorkOrderHistory
from app.domains.assets.work_orders.schemas import WorkOrderClose, WorkOrderCreate, WorkOrderTransition
from app.domains.assets.work_orders.transitions import TERMINAL, Move, allowed, refusal
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import ReadTx, WriteTx
from app.platform import identity

S = WorkOrderStatus


def open_order(tx: WriteTx, data: WorkOrderCreate) -> WorkOrder:
    """Raises `AssetNotFound`, `AssetRetired`; 422 for an assignee who is no user of the tenant."""
    asset = lock_in_service(tx, data.asset_id)
    if data.expected_end_at is not None and data.expected_end_at <= tx.now:
        raise invalid("expected_end_at", "not_in_future", "expected_end_at must lie in the future.")
    order = tx.add(
        WorkOrder(
            asset_id=asset.id,
            title=data.title,
            description=data.description,
            priority=data.priority,
            blocks_asset=data.blocks_asset,
            created_by=_who(tx),
            assigned_to=data.assigned_to,
            assigned_user_id=_assignee(tx, data.assigned_to),
            expected_end_at=data.expected_end_at,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    _note(tx, order, "created", None, S.OPEN, data.note)
    cause = tx.emit(
        WorkOrderOpened(workorder_id=order.id, asset_id=asset.id, title=order.title, priority=order.priority),
        subject=ref("workorder", order.id),
        related=[ref("asset", asset.id)],
        after=data.model_dump(mode="json"),
    )
    if data.blocks_asset:
        with tx.because(cause):
            _hold_asset(tx, order)
    return order


def move(tx: WriteTx, work_order_id: UUID, data: WorkOrderTransition) -> WorkOrder:
    """Change status or assignee. Raises `WorkOrderNotFound`, `WorkOrderTransitionRefused`."""
    order = locked(tx, work_order_id)
    current = S(order.status)
    reassigned = data.assigned_to is not None and data.assigned_to != order.assigned_to
    reason = refusal(Move(current, data.status, reassigned=reassigned))
    if reason is not None:
        raise WorkOrderTransitionRefused(reason, allowed=[status.value for status in allowed(current)])
    before = _state(order)
    if data.assigned_to is not None:
        order.assigned_user_id = _assignee(tx, data.assigned_to)
        order.assigned_to = data.assigned_to
    order.status = data.status
    if order.status == S.IN_PROGRESS:
        order.started_at = order.started_at or tx.now
    _touch(tx, order)
    _note(tx, order, "status_changed", current, data.status, data.note, assigned_to=order.assigned_to)
    cause = tx.emit(
        WorkOrderMoved(
            workorder_id=order.id, asset_id=order.asset_id, from_status=current, to_status=data.status
        ),
        subject=ref("workorder", order.id),
        related=[ref("asset", order.asset_id)],
        before=before,
        after=_state(order),
    )
    with tx.because(cause):
        _follow(tx, order)
        if order.status == S.CANCELED:
            manufacturing.release_parts(tx, ref("workorder", order.id))
    return order


def close(tx: WriteTx, work_order_id: UUID, data: WorkOrderClose) -> WorkOrder:
    """Finish the work and give the asset back. Raises `WorkOrderNotFound`, `WorkOrderTransitionRefused`."""
    order = locked(tx, work_order_id)
    current = S(order.status)
    if current in TERMINAL:
        raise WorkOrderTransitionRefused(f"The work order is {current.value}.", allowed=[])
    before = _state(order)
    order.started_at = order.started_at or tx.now
    order.status = S.CLOSED
    order.close_note = data.note
    order.closed_at = tx.now
    order.closed_by = _who(tx)
    _touch(tx, order)
    _note(tx, order, "closed", current, S.CLOSED, data.note, started_at=order.started_at.isoformat())
    cause = tx.emit(
        WorkOrderClosed(workorder_id=order.id, asset_id=order.asset_id),
        subject=ref("workorder", order.id),
        related=[ref("asset", order.asset_id)],
        before=before,
        after=_state(order),
    )
    with tx.because(cause):
        timeline.end_of_work(tx, order.asset_id, order.id)
        manufacturing.release_parts(tx, ref("workorder", order.id))
    return order


def locked(tx: WriteTx, work_order_id: UUID) -> WorkOrder:
    """The order under the lock of its asset: assets are always locked before what hangs on them."""
    row = tx.one(select(WorkOrder.asset_id).where(WorkOrder.id == work_order_id), WorkOrderNotFound)
    lock(tx, row.asset_id)
    order = tx.get(
        select(WorkOrder).where(WorkOrder.id == work_order_id).with_for_update(), WorkOrderNotFound
    )
    tx.match(order)
    return order


def _follow(tx: WriteTx, order: WorkOrder) -> None:
    """What the status means for the asset: work in progress holds it unless the order says otherwise."""
    working = order.status == S.IN_PROGRESS
    waiting = order.status == S.OPEN and bool(order.blocks_asset)
    if not waiting and not (working and order.blocks_asset is not False):
        timeline.end_of_work(tx, order.asset_id, order.id)
    elif not timeline.holds(tx, order.id):
        _hold_asset(tx, order)


def _hold_asset(tx: WriteTx, order: WorkOrder) -> None:
    timeline.block(
        tx,
        order.asset_id,
        BlockKind.MAINTENANCE,
        until=order.expected_end_at,
        reason=order.title,
        work_order_id=order.id,
    )


def _touch(tx: WriteTx, order: WorkOrder) -> None:
    order.version += 1
    order.updated_at = tx.now
    tx.flush()


def _note(
    tx: WriteTx,
    order: WorkOrder,
    action: str,
    before: WorkOrderStatus | None,
    after: WorkOrderStatus,
    note: str | None,
    **detail: Any,
) -> None:
    tx.add(
        WorkOrderHistory(
            work_order_id=order.id,
            action=action,
            from_status=before,
            to_status=after,
            note=note,
            actor_id=_who(tx),
            detail={name: value for name, value in detail.items() if value is not None},
            created_at=tx.now,
        )
    )


def _assignee(tx: ReadTx, text: str | None) -> UUID | None:
    if text is None:
        return None
    user = identity.resolve_user(tx, text)
    if user is None:
        raise invalid(
            "assigned_to", "unknown_user", "assigned_to must be the id or name of a user of this tenant."
        )
    found: UUID = user.id
    return found


def _who(tx: ReadTx) -> str:
    return str(tx.principal.user_id or tx.principal.actor)


def _state(order: WorkOrder) -> dict[str, Any]:
    return {
        "status": str(order.status),
        "assigned_to": order.assigned_to,
        "started_at": _text(order.started_at),
        "closed_at": _text(order.closed_at),
    }


def _text(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
