"""What an asset was made of when it left production."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.kernel.db.base import Base, TenantRow


class AsBuilt(TenantRow, Base):
    """One asset that production finished: which serial of which product, by which task. Never changed."""

    __tablename__ = "asset_as_built"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "asset_id"], ["asset.tenant_id", "asset.id"]),
        UniqueConstraint("tenant_id", "asset_id"),
        UniqueConstraint("tenant_id", "lot_id"),
        {"info": {"insert_only": True}},
    )

    asset_id: Mapped[UUID]
    task_id: Mapped[UUID]
    product_id: Mapped[UUID]
    product_code: Mapped[str]
    lot_id: Mapped[UUID]
    serial: Mapped[str]
    built_at: Mapped[datetime]


class AsBuiltPart(TenantRow, Base):
    """One lot or serial of a component that went in. Never changed."""

    __tablename__ = "asset_as_built_part"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "asset_id"], ["asset.tenant_id", "asset.id"]),
        UniqueConstraint("tenant_id", "asset_id", "position"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_asset_as_built_part_lot", "tenant_id", "lot_id"),
        Index("ix_asset_as_built_part_item", "tenant_id", "item_id"),
        {"info": {"insert_only": True}},
    )

    asset_id: Mapped[UUID]
    position: Mapped[int]
    item_id: Mapped[UUID]
    item_code: Mapped[str]
    lot_id: Mapped[UUID | None]
    lot_code: Mapped[str | None]
    quantity: Mapped[Decimal]
