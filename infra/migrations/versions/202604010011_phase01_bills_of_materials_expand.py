"""Bills of materials: headers, revisions that freeze when released, lines, variants, uses, and the graph's version."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

from alembic import op
from app.kernel.db import migrate as m
from infra.migrations.shapes.bom_frozen import DROP_FROZEN, FROZEN

revision = "202604010011"
down_revision = "202604010003"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    m.create_tenant_table(
        "bom",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("bom_type", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("bom_type IN ('MANUFACTURING', 'KIT_PHANTOM')", name="bom_type_word"),
        m.tenant_fk("product_id", "item"),
        sa.Index("ix_bom_created", "tenant_id", "created_at", "id"),
        sa.Index("ix_bom_product", "tenant_id", "product_id"),
        sa.Index("uq_bom_active", "tenant_id", "product_id", "bom_type", unique=True, postgresql_where=sa.text("retired_at IS NULL")),
    )
    m.create_tenant_table(
        "bom_revision",
        sa.Column("bom_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("qty_output", sa.Numeric(18, 9), nullable=False),
        sa.Column("supports_multi_material", sa.Boolean(), nullable=False),
        sa.Column("default_variant_selection", sa.Text(), nullable=False),
        sa.Column("revision_reason", sa.Text()),
        sa.Column("content_hash", sa.Text()),
        sa.Column("effective_from", sa.DateTime(timezone=True)),
        sa.Column("effective_to", sa.DateTime(timezone=True)),
        sa.Column("released_at", sa.DateTime(timezone=True)),
        sa.Column("released_by", sa.Text()),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("effective_to >= effective_from", name="period"),
        sa.CheckConstraint("qty_output > 0", name="qty_output_sign"),
        sa.CheckConstraint("num_nulls(released_at, released_by, content_hash, effective_from) IN (0, 4)", name="released_whole"),
        sa.CheckConstraint("length(revision) BETWEEN 1 AND 30", name="revision_length"),
        sa.CheckConstraint("default_variant_selection IN ('primary', 'any', 'weighted', 'available', 'cheapest')", name="selection_word"),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("bom_id", "="),
            (sa.text("tstzrange(effective_from, effective_to)"), "&&"),
            where=sa.text("released_at IS NOT NULL"),
            name="ex_bom_revision_in_force",
        ),
        m.tenant_fk("bom_id", "bom"),
        sa.UniqueConstraint("tenant_id", "bom_id", "number"),
        grants="SELECT, INSERT, UPDATE",
    )
    m.create_tenant_table(
        "bom_line",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("origin_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("component_id", sa.Uuid(), nullable=False),
        sa.Column("qty_needed", sa.Numeric(18, 9), nullable=False),
        sa.Column("fixed_qty", sa.Numeric(18, 9), nullable=False, server_default="0"),
        sa.Column("wastage_percent", sa.Numeric(8, 4), nullable=False, server_default="0"),
        sa.Column("is_phantom", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("operation", sa.Text()),
        sa.Column("selection_mode", sa.Text()),
        sa.Column("used_item_id", sa.Uuid(), nullable=False),
        sa.Column("used_quantity", sa.Numeric(18, 9), nullable=False),
        sa.Column("used_fixed", sa.Numeric(18, 9), nullable=False),
        sa.CheckConstraint("length(operation) BETWEEN 1 AND 100", name="operation_length"),
        sa.CheckConstraint("position >= 1", name="position_sign"),
        sa.CheckConstraint("qty_needed > 0 AND used_quantity > 0 AND fixed_qty >= 0 AND used_fixed >= 0", name="quantity_signs"),
        sa.CheckConstraint("selection_mode IN ('primary', 'any', 'weighted', 'available', 'cheapest')", name="selection_word"),
        sa.CheckConstraint("wastage_percent BETWEEN 0 AND 1000", name="wastage_range"),
        m.tenant_fk("revision_id", "bom_revision"),
        m.tenant_fk("component_id", "item", name="fk_bom_line_component"),
        m.tenant_fk("used_item_id", "item", name="fk_bom_line_used_item"),
        sa.UniqueConstraint("tenant_id", "revision_id", "position"),
        sa.Index("ix_bom_line_component", "tenant_id", "component_id"),
        sa.Index("ix_bom_line_used_item", "tenant_id", "used_item_id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "bom_variant",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("origin_id", sa.Uuid(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("variant_type", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("qty_override", sa.Numeric(18, 9)),
        sa.Column("weight", sa.Numeric(8, 4)),
        sa.Column("quantity", sa.Numeric(18, 9), nullable=False),
        sa.CheckConstraint("qty_override > 0 AND quantity > 0", name="quantity_signs"),
        sa.CheckConstraint("sequence >= 1", name="sequence_sign"),
        sa.CheckConstraint("variant_type IN ('PRIMARY', 'ALTERNATIVE', 'OPTIONAL')", name="variant_type_word"),
        sa.CheckConstraint("weight BETWEEN 0 AND 100", name="weight_range"),
        m.tenant_fk("line_id", "bom_line"),
        m.tenant_fk("revision_id", "bom_revision"),
        m.tenant_fk("material_id", "item"),
        sa.UniqueConstraint("tenant_id", "line_id", "material_id"),
        sa.Index("ix_bom_variant_material", "tenant_id", "material_id"),
        sa.Index("ix_bom_variant_revision", "tenant_id", "revision_id"),
        sa.Index("uq_bom_variant_primary", "tenant_id", "line_id", unique=True, postgresql_where=sa.text("variant_type = 'PRIMARY'")),
        insert_only=True,
    )
    m.create_tenant_table(
        "bom_use",
        sa.Column("bom_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("used_by", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("length(used_by) BETWEEN 1 AND 200", name="used_by_length"),
        m.tenant_fk("bom_id", "bom"),
        m.tenant_fk("revision_id", "bom_revision"),
        sa.UniqueConstraint("tenant_id", "used_by", "revision_id"),
        sa.Index("ix_bom_use_open", "tenant_id", "bom_id", postgresql_where=sa.text("ended_at IS NULL")),
        sa.Index("ix_bom_use_revision", "tenant_id", "revision_id"),
    )
    m.create_tenant_table(
        "bom_selection",
        sa.Column("bom_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("demand_ref", sa.Text()),
        sa.Column("inputs", JSONB(), nullable=False),
        sa.Column("shares", JSONB(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mode IN ('primary', 'any', 'weighted', 'available', 'cheapest')", name="mode_word"),
        m.tenant_fk("bom_id", "bom"),
        m.tenant_fk("line_id", "bom_line"),
        sa.Index("ix_bom_selection_bom", "tenant_id", "bom_id", "id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "bom_graph",
        sa.Column("version", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("line_count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("compiled", sa.LargeBinary()),
        sa.Column("compiled_version", sa.BigInteger()),
        sa.Column("compiled_at", sa.DateTime(timezone=True)),
        sa.Column("compiled_until", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("tenant_id"),
    )
    m.run_script("ALTER TABLE bom_graph ALTER COLUMN compiled SET STORAGE EXTERNAL")
    m.run_script(FROZEN)


def downgrade() -> None:
    for table in ("bom_graph", "bom_selection", "bom_use", "bom_variant", "bom_line", "bom_revision", "bom"):
        op.drop_table(table)
    m.run_script(DROP_FROZEN)
