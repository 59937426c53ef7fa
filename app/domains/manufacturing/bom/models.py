"""Bills of materials. A header lives on; what it says is in revisions that never change once released.

`used_item_id`, `used_quantity` and `used_fixed` of a line are what explosions follow: the primary material and how
much of it, in its own unit.
`origin_id` names the same line or variant through all revisions.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.manufacturing.bom.frozen import guard_revisions, guard_rows
from app.domains.manufacturing.bom.words import BomType, SelectionMode, VariantType, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

QUANTITY = Numeric(18, 9)
PERCENT = Numeric(8, 4)
_MODES = sql_words(SelectionMode)


class Bom(TenantRow, Versioned, Timestamped, Base):
    """The header. Its row is the lock of everything about this bill of materials."""

    __tablename__ = "bom"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["item.tenant_id", "item.id"]),
        CheckConstraint(f"bom_type IN ({sql_words(BomType)})", name="bom_type_word"),
        Index(
            "uq_bom_active",
            "tenant_id",
            "product_id",
            "bom_type",
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
        Index("ix_bom_created", "tenant_id", "created_at", "id"),
        Index("ix_bom_product", "tenant_id", "product_id"),
    )

    product_id: Mapped[UUID]
    bom_type: Mapped[str]
    retired_at: Mapped[datetime | None]
    created_by: Mapped[str]


class BomRevision(TenantRow, Base):
    """A draft while `released_at` is null. In force from `effective_from` until before `effective_to`."""

    __tablename__ = "bom_revision"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "bom_id"], ["bom.tenant_id", "bom.id"]),
        UniqueConstraint("tenant_id", "bom_id", "number"),
        CheckConstraint("length(revision) BETWEEN 1 AND 30", name="revision_length"),
        CheckConstraint("qty_output > 0", name="qty_output_sign"),
        CheckConstraint(f"default_variant_selection IN ({_MODES})", name="selection_word"),
        CheckConstraint(
            "num_nulls(released_at, released_by, content_hash, effective_from) IN (0, 4)",
            name="released_whole",
        ),
        CheckConstraint("effective_to >= effective_from", name="period"),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("bom_id", "="),
            (text("tstzrange(effective_from, effective_to)"), "&&"),
            where=text("released_at IS NOT NULL"),
            name="ex_bom_revision_in_force",
        ),
        {"info": {"grants": "SELECT, INSERT, UPDATE", "guards": guard_revisions()}},
    )

    bom_id: Mapped[UUID]
    number: Mapped[int]
    revision: Mapped[str]
    qty_output: Mapped[Decimal] = mapped_column(QUANTITY)
    supports_multi_material: Mapped[bool]
    default_variant_selection: Mapped[str]
    revision_reason: Mapped[str | None]
    content_hash: Mapped[str | None]
    effective_from: Mapped[datetime | None]
    effective_to: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class BomLine(TenantRow, Base):
    __tablename__ = "bom_line"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "revision_id"], ["bom_revision.tenant_id", "bom_revision.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "component_id"], ["item.tenant_id", "item.id"], name="fk_bom_line_component"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "used_item_id"], ["item.tenant_id", "item.id"], name="fk_bom_line_used_item"
        ),
        UniqueConstraint("tenant_id", "revision_id", "position"),
        CheckConstraint("position >= 1", name="position_sign"),
        CheckConstraint(
            "qty_needed > 0 AND used_quantity > 0 AND fixed_qty >= 0 AND used_fixed >= 0",
            name="quantity_signs",
        ),
        CheckConstraint("wastage_percent BETWEEN 0 AND 1000", name="wastage_range"),
        CheckConstraint(f"selection_mode IN ({_MODES})", name="selection_word"),
        CheckConstraint("length(operation) BETWEEN 1 AND 100", name="operation_length"),
        Index("ix_bom_line_component", "tenant_id", "component_id"),
        Index("ix_bom_line_used_item", "tenant_id", "used_item_id"),
        {"info": {"insert_only": True, "guards": guard_rows("bom_line")}},
    )

    revision_id: Mapped[UUID]
    origin_id: Mapped[UUID]
    position: Mapped[int]
    component_id: Mapped[UUID]
    qty_needed: Mapped[Decimal] = mapped_column(QUANTITY)
    fixed_qty: Mapped[Decimal] = mapped_column(QUANTITY, default=Decimal(0), server_default="0")
    wastage_percent: Mapped[Decimal] = mapped_column(PERCENT, default=Decimal(0), server_default="0")
    is_phantom: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    operation: Mapped[str | None]
    selection_mode: Mapped[str | None]
    used_item_id: Mapped[UUID]
    used_quantity: Mapped[Decimal] = mapped_column(QUANTITY)
    used_fixed: Mapped[Decimal] = mapped_column(QUANTITY)


class BomVariant(TenantRow, Base):
    """Another material for a line. `quantity` is how much of it one `qty_needed` means, in its own unit."""

    __tablename__ = "bom_variant"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "revision_id"], ["bom_revision.tenant_id", "bom_revision.id"]),
        ForeignKeyConstraint(["tenant_id", "line_id"], ["bom_line.tenant_id", "bom_line.id"]),
        ForeignKeyConstraint(["tenant_id", "material_id"], ["item.tenant_id", "item.id"]),
        UniqueConstraint("tenant_id", "line_id", "material_id"),
        Index(
            "uq_bom_variant_primary",
            "tenant_id",
            "line_id",
            unique=True,
            postgresql_where=text("variant_type = 'PRIMARY'"),
        ),
        CheckConstraint(f"variant_type IN ({sql_words(VariantType)})", name="variant_type_word"),
        CheckConstraint("qty_override > 0 AND quantity > 0", name="quantity_signs"),
        CheckConstraint("weight BETWEEN 0 AND 100", name="weight_range"),
        CheckConstraint("sequence >= 1", name="sequence_sign"),
        Index("ix_bom_variant_revision", "tenant_id", "revision_id"),
        Index("ix_bom_variant_material", "tenant_id", "material_id"),
        {"info": {"insert_only": True, "guards": guard_rows("bom_variant")}},
    )

    revision_id: Mapped[UUID]
    line_id: Mapped[UUID]
    origin_id: Mapped[UUID]
    material_id: Mapped[UUID]
    variant_type: Mapped[str]
    sequence: Mapped[int]
    qty_override: Mapped[Decimal | None] = mapped_column(QUANTITY)
    weight: Mapped[Decimal | None] = mapped_column(PERCENT)
    quantity: Mapped[Decimal] = mapped_column(QUANTITY)


class BomUse(TenantRow, Base):
    """An order, or whatever `used_by` names, that pinned a revision; open until `ended_at`."""

    __tablename__ = "bom_use"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "bom_id"], ["bom.tenant_id", "bom.id"]),
        ForeignKeyConstraint(["tenant_id", "revision_id"], ["bom_revision.tenant_id", "bom_revision.id"]),
        UniqueConstraint("tenant_id", "used_by", "revision_id"),
        CheckConstraint("length(used_by) BETWEEN 1 AND 200", name="used_by_length"),
        Index("ix_bom_use_open", "tenant_id", "bom_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_bom_use_revision", "tenant_id", "revision_id"),
    )

    bom_id: Mapped[UUID]
    revision_id: Mapped[UUID]
    used_by: Mapped[str]
    content_hash: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class BomSelection(TenantRow, Base):
    """Which materials were chosen for a line, from what, and why. `inputs` alone lead to `shares` again."""

    __tablename__ = "bom_selection"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "bom_id"], ["bom.tenant_id", "bom.id"]),
        ForeignKeyConstraint(["tenant_id", "line_id"], ["bom_line.tenant_id", "bom_line.id"]),
        CheckConstraint(f"mode IN ({_MODES})", name="mode_word"),
        Index("ix_bom_selection_bom", "tenant_id", "bom_id", "id"),
        {"info": {"insert_only": True}},
    )

    bom_id: Mapped[UUID]
    line_id: Mapped[UUID]
    mode: Mapped[str]
    demand_ref: Mapped[str | None]
    inputs: Mapped[dict[str, Any]]
    shares: Mapped[list[Any]]
    reason: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
