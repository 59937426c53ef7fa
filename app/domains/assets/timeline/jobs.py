"""Keeping standing blocks standing, and ending the blocks whose time is over."""

from sqlalchemy import select

from app.domains.assets.facts.models import Asset
from app.domains.assets.timeline import service
from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx


def extend_standing_blocks(tx: WriteTx) -> None:
    """Settle every asset that has a block due, one asset at a time under its lock, always in the same order."""
    for asset_id in sorted(service.assets_to_settle(tx)):
        tx.execute(select(Asset.id).where(Asset.id == asset_id).with_for_update(key_share=True))
        service.settle(tx, asset_id)


EXTEND = Job("assets.extend_standing_blocks", extend_standing_blocks, queue="batch", cron="*/10 * * * *")
