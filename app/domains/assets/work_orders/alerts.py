"""Alerts about work that takes too long."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_

from app.domains import observability
from app.domains.assets.facts.models import Asset
from app.domains.assets.words import WorkOrderStatus
from app.domains.assets.work_orders.models import WorkOrder
from app.domains.assets.work_orders.transitions import TERMINAL
from app.domains.observability import Finding, Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx

KEY = "work_order.overdue"
LONGEST_WORK = timedelta(days=7)


def overdue(now: datetime) -> ColumnElement[bool]:
    """Unfinished past the expected end, or seven days after it was opened when none was given."""
    return and_(
        WorkOrder.status.in_((WorkOrderStatus.OPEN, WorkOrderStatus.IN_PROGRESS)),
        or_(
            WorkOrder.expected_end_at <= now,
            and_(WorkOrder.expected_end_at.is_(None), WorkOrder.created_at <= now - LONGEST_WORK),
        ),
    )


def follow_work(tx: WriteTx, order: WorkOrder, asset: Asset) -> None:
    """Raise or resolve by what the order is now; what was told and closed by hand stays closed.

    Asset and order are locked.
    """
    if order.status in TERMINAL or _due(order) > tx.now:
        end_of_work(tx, order)
    elif not observability.told_since(tx, Source.ASSETS, KEY, ref("workorder", order.id), _due(order)):
        observability.raise_alert(tx, _late(order, asset))


def end_of_work(tx: WriteTx, order: WorkOrder) -> None:
    """Resolve what was raised because the order took too long."""
    reason = f"The work order is {order.status}."
    observability.resolve_alert(tx, Source.ASSETS, KEY, ref("workorder", order.id), reason=reason)


def _due(order: WorkOrder) -> datetime:
    return order.expected_end_at or order.created_at + LONGEST_WORK


def _late(order: WorkOrder, asset: Asset) -> Finding:
    return Finding(
        source=Source.ASSETS,
        key=KEY,
        subject=ref("workorder", order.id),
        severity=Severity.P2,
        title=f"Work order overdue: {order.title}",
        message=f"It should have been finished by {_due(order):%Y-%m-%d %H:%M} UTC and is {order.status}.",
        related=[ref("asset", asset.id)],
        labels={"asset_code": asset.asset_code, "asset_type": asset.asset_type},
    )
