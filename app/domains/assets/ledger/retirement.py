"""Guarded retirement: an asset leaves service only when nothing depends on it any more."""

from uuid import UUID

from sqlalchemy import select

from app.domains.assets import events
from app.domains.assets.errors import Blocker, RetireBlocked
from app.domains.assets.facts.alerts import follow_health
from app.domains.assets.facts.locking import lock_in_service, touch
from app.domains.assets.facts.models import Asset, Installation
from app.domains.assets.ledger.schemas import Retirement
from app.domains.assets.timeline import service as timeline
from app.domains.assets.work_orders.queries import unfinished
from app.kernel.events.envelope import ref
from app.kernel.tx import ReadTx, WriteTx


def retire(tx: WriteTx, asset_id: UUID, data: Retirement) -> Asset:
    """Raises `AssetRetired`, and `RetireBlocked` with everything that must end first."""
    asset = lock_in_service(tx, asset_id)
    found = blockers(tx, asset_id)
    if found:
        raise RetireBlocked(
            "The asset can't be retired yet.", blockers=[blocker.model_dump() for blocker in found]
        )
    timeline.end_blocks(tx, asset_id)
    asset.retired_at = tx.now
    asset.retired_reason = data.reason
    touch(tx, asset)
    cause = tx.emit(
        events.AssetRetired(asset_id=asset_id, reason=data.reason),
        subject=ref("asset", asset_id),
        before={"retired_at": None},
        after={"retired_at": tx.now.isoformat(), "retired_reason": data.reason},
    )
    with tx.because(cause):
        follow_health(tx, asset)
    return asset


def blockers(tx: ReadTx, asset_id: UUID) -> list[Blocker]:
    """What keeps the asset in service: an installation, reservations that are not over, unfinished work."""
    bound = tx.all(
        select(Installation.drone_id).where(Installation.asset_id == asset_id, Installation.ends_at.is_(None))
    )
    found = [
        Blocker(kind="BOUND", ref=ref("drone", row.drone_id), detail="Unbind it from this drone.")
        for row in bound
    ]
    found += [
        Blocker(kind="RESERVED", ref=ref("reservation", held), detail="Cancel this reservation.")
        for held in timeline.still_reserved(tx, asset_id)
    ]
    found += [
        Blocker(kind="WORK_ORDER", ref=ref("workorder", row.id), detail=f"Close or cancel “{row.title}”.")
        for row in tx.all(unfinished(asset_id))
    ]
    return found
