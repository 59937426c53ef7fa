"""The row lock that orders everything done to one asset; taken before anything that hangs on the asset."""

from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from app.domains.assets.errors import AssetNotFound, AssetRetired
from app.domains.assets.facts.models import Asset
from app.kernel.clock import now
from app.kernel.tx import WriteTx

_LOCKED = select(Asset).where(Asset.id == bindparam("asset_id", type_=Uuid())).with_for_update(key_share=True)


def lock(tx: WriteTx, asset_id: UUID) -> Asset:
    """The asset under a row lock that orders everything done to it. Raises `AssetNotFound`.

    `tx.now` moves on to after what was waited for, so that facts of one asset are dated in the order of the lock.
    """
    asset = tx.get(_LOCKED, AssetNotFound, {"asset_id": asset_id})
    tx.now = max(tx.now, now(), asset.updated_at)
    return asset


def lock_in_service(tx: WriteTx, asset_id: UUID) -> Asset:
    """`lock`, and raises `AssetRetired`; checks `If-Match`."""
    asset = lock(tx, asset_id)
    tx.match(asset)
    if asset.retired_at is not None:
        raise AssetRetired("The asset is retired.")
    return asset


def touch(tx: WriteTx, asset: Asset) -> None:
    asset.version += 1
    asset.updated_at = tx.now
    tx.flush()
