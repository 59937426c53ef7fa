"""Keeping standing blocks standing."""

from sqlalchemy import select

from app.domains.assets.facts.models import Asset
from app.domains.assets.timeline import service
from app.domains.assets.timeline.models import AssetBlock
from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx


def extend_standing_blocks(tx: WriteTx) -> None:
    """Extend every standing block that is about to run out, one asset at a time under its lock."""
    due = tx.all(service.due_for_extension(tx.now).with_only_columns(AssetBlock.id, AssetBlock.asset_id))
    for block_id, asset_id in sorted(due, key=lambda row: str(row.asset_id)):
        tx.execute(select(Asset.id).where(Asset.id == asset_id).with_for_update(key_share=True))
        again = service.due_for_extension(tx.now).where(AssetBlock.id == block_id).with_for_update()
        for row in tx.objects(again):
            service.extend(tx, row)


EXTEND = Job("assets.extend_standing_blocks", extend_standing_blocks, queue="batch", cron="*/10 * * * *")
