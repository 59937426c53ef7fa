"""The watch over the fleet's alerts: what time does alone, and what a release without alerts left behind.

Reports and work orders raise and resolve in their own transaction. But nobody's request makes an order overdue,
and during a roll-out the release before this one closes orders and reports health without a word.
"""

from uuid import UUID

from sqlalchemy import select

from app.domains import observability
from app.domains.assets.facts import alerts as health
from app.domains.assets.facts.locking import lock
from app.domains.assets.facts.models import Asset
from app.domains.assets.work_orders import alerts as work
from app.domains.assets.work_orders.models import WorkOrder
from app.domains.observability import Source
from app.kernel.events.envelope import ref
from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx


def watch_fleet(tx: WriteTx) -> None:
    """Put right each difference between the open alerts and what is so, under the lock of its asset."""
    orders, assets = _differing_orders(tx), _differing_assets(tx)
    for asset_id in sorted(orders.keys() | assets):
        asset = lock(tx, asset_id)
        if asset_id in assets:
            health.catch_up(tx, asset)
        for order_id in orders.get(asset_id, ()):
            order = tx.objects(select(WorkOrder).where(WorkOrder.id == order_id).with_for_update())[0]
            work.follow_work(tx, order, asset)


WATCH = Job("assets.watch_fleet", watch_fleet, queue="batch", cron="*/5 * * * *")


def _differing_assets(tx: WriteTx) -> set[UUID]:
    told = observability.open_subjects(tx, Source.ASSETS, health.KEY)
    critical = {ref("asset", row.id) for row in tx.all(select(Asset.id).where(health.IS_CRITICAL))}
    return {_id(subject) for subject in critical ^ told}


def _differing_orders(tx: WriteTx) -> dict[UUID, list[UUID]]:
    """Work orders to look at again, by asset."""
    told = observability.open_subjects(tx, Source.ASSETS, work.KEY)
    late = tx.all(select(WorkOrder.id).where(work.overdue(tx.now)))
    wanted = [_id(subject) for subject in {ref("workorder", row.id) for row in late} ^ told]
    found: dict[UUID, list[UUID]] = {}
    for row in tx.all(select(WorkOrder.asset_id, WorkOrder.id).where(WorkOrder.id.in_(sorted(wanted)))):
        found.setdefault(row.asset_id, []).append(row.id)
    return found


def _id(subject: str) -> UUID:
    return UUID(subject.partition(":")[2])
