"""Items: what is bought, made, used and sold."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.manufacturing.words import BuiltAs, ItemType, LotPolicy, PickPolicy, Tracking, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Item(TenantRow, Versioned, Timestamped, Base):
    """All quantities of an item are in its unit. Its row is the lock of its stock.

    `low_level_code`: the longest way down to it from an item that nothing uses (0), kept by the graph.
    `asset_type`: each finished serial is registered as an asset of this type.
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        ForeignKeyConstraint(["tenant_id", "unit_id"], ["unit.tenant_id", "unit.id"]),
        CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
        CheckConstraint("length(name) BETWEEN 1 AND 200", name="name_length"),
        CheckConstraint(f"item_type IN ({sql_words(ItemType)})", name="item_type_word"),
        CheckConstraint(f"tracking IN ({sql_words(Tracking)})", name="tracking_word"),
        CheckConstraint(f"lot_policy IN ({sql_words(LotPolicy)})", name="lot_policy_word"),
        CheckConstraint(f"pick_policy IN ({sql_words(PickPolicy)})", name="pick_policy_word"),
        CheckConstraint(f"asset_type IN ({sql_words(BuiltAs)})", name="asset_type_word"),
        CheckConstraint("asset_type IS NULL OR tracking = 'SERIAL'", name="assets_have_serials"),
        CheckConstraint("item_type <> 'SERVICE' OR tracking = 'NONE'", name="services_have_no_stock"),
        CheckConstraint("lead_time_days BETWEEN 0 AND 3650", name="lead_time_range"),
        CheckConstraint("standard_cost >= 0", name="cost_sign"),
        CheckConstraint("lot_size > 0 AND lot_multiple > 0 AND lot_days > 0", name="lot_signs"),
        CheckConstraint(
            "CASE lot_policy WHEN 'FIXED' THEN lot_size IS NOT NULL"
            " WHEN 'MIN_MULTIPLE' THEN lot_size IS NOT NULL AND lot_multiple IS NOT NULL"
            " WHEN 'PERIOD' THEN lot_days IS NOT NULL ELSE true END",
            name="lot_policy_complete",
        ),
        CheckConstraint("low_level_code >= 0", name="low_level_code_sign"),
        Index("ix_item_unit", "tenant_id", "unit_id"),
        Index("ix_item_type", "tenant_id", "item_type", "code"),
    )

    code: Mapped[str]
    name: Mapped[str]
    item_type: Mapped[str]
    unit_id: Mapped[UUID]
    tracking: Mapped[str] = mapped_column(default="NONE", server_default="NONE")
    pick_policy: Mapped[str] = mapped_column(default="FEFO", server_default="FEFO")
    lead_time_days: Mapped[int] = mapped_column(default=0, server_default="0")
    standard_cost: Mapped[Decimal | None]
    asset_type: Mapped[str | None]
    lot_policy: Mapped[str] = mapped_column(default="LOT_FOR_LOT", server_default="LOT_FOR_LOT")
    lot_size: Mapped[Decimal | None]
    lot_multiple: Mapped[Decimal | None]
    lot_days: Mapped[int | None]
    low_level_code: Mapped[int] = mapped_column(default=0, server_default="0")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
