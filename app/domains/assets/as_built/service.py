"""Finished units become assets, in the transaction that finishes them; and what they are made of can be read."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.assets.as_built.models import AsBuilt, AsBuiltPart
from app.domains.assets.as_built.schemas import AsBuiltPartRead, AsBuiltRead
from app.domains.assets.errors import AssetNotBuiltHere, AssetNotFound
from app.domains.assets.events import AssetBuilt
from app.domains.assets.facts.models import Asset
from app.domains.assets.ledger.schemas import AssetCreate
from app.domains.assets.ledger.service import register
from app.domains.assets.words import AssetType
from app.kernel.db.bulk import insert_rows
from app.kernel.events.envelope import ref
from app.kernel.events.outbox import PendingEvent
from app.kernel.ids import new_id
from app.kernel.tx import ReadTx, WriteTx

_LONGEST_NAME = 100
_PARTS = ("tenant_id", "id", "asset_id", "position", "item_id", "item_code", "lot_id", "lot_code", "quantity")


def register_unit(tx: WriteTx, happened: PendingEvent) -> None:
    """Subscribes to `production.unit_built`. The database refuses an asset code that is taken."""
    unit = happened.payload
    if unit["asset_type"] is None:
        return
    asset = register(
        tx,
        AssetCreate(
            asset_type=AssetType(unit["asset_type"]),
            asset_code=unit["serial"],
            name=unit["product_name"][:_LONGEST_NAME],
            serial_number=unit["serial"],
            detail={name: unit[name] for name in ("product_code", "lot_id", "task_id")},
        ),
    )
    tx.add(
        AsBuilt(
            asset_id=asset.id,
            task_id=UUID(unit["task_id"]),
            product_id=UUID(unit["product_id"]),
            product_code=unit["product_code"],
            lot_id=UUID(unit["lot_id"]),
            serial=unit["serial"],
            built_at=happened.at,
        )
    )
    _keep_parts(tx, asset.id, unit["built_from"])
    tx.emit(
        AssetBuilt(asset_id=asset.id, task_id=UUID(unit["task_id"]), lot_id=UUID(unit["lot_id"])),
        subject=ref("asset", asset.id),
        related=[happened.subject, *happened.related],
    )


def read(tx: ReadTx, asset_id: UUID) -> AsBuiltRead:
    """Raises `AssetNotFound`, `AssetNotBuiltHere`."""
    tx.one(select(Asset.id).where(Asset.id == asset_id), AssetNotFound)
    built = tx.one(select(*AsBuilt.__table__.c).where(AsBuilt.asset_id == asset_id), AssetNotBuiltHere)
    own = AsBuiltPart
    rows = tx.all(
        select(
            own.item_id,
            own.item_code,
            own.lot_id,
            own.lot_code,
            own.quantity,
            AsBuilt.asset_id.label("asset_id"),
        )
        .outerjoin(AsBuilt, (AsBuilt.tenant_id == own.tenant_id) & (AsBuilt.lot_id == own.lot_id))
        .where(own.asset_id == asset_id)
        .order_by(own.position)
    )
    parts = [AsBuiltPartRead.model_validate(row) for row in rows]
    return AsBuiltRead.model_validate({**built._mapping, "parts": parts})  # noqa: SLF001 a row's public view


def _keep_parts(tx: WriteTx, asset_id: UUID, parts: list[dict[str, Any]]) -> None:
    rows = (
        (
            tx.tenant_id,
            new_id(),
            asset_id,
            position,
            part["item_id"],
            part["item_code"],
            part["lot_id"],
            part["lot_code"],
            part["quantity"],
        )
        for position, part in enumerate(parts, 1)
    )
    insert_rows(tx.conn, AsBuiltPart.__table__, _PARTS, rows)  # type: ignore[arg-type]
