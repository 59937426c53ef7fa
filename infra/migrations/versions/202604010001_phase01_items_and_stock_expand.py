"""Units, items and the stock ledger: their tables."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202604010001"
down_revision = "202602280112"
branch_labels = None
depends_on = None
phase = "expand"


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _versioned() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        _time("created_at", nullable=False),
        _time("updated_at", nullable=False),
    )


def upgrade() -> None:
    m.create_tenant_table(
        "unit",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.Column("is_standard", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        *_versioned(),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 20 AND code = lower(code)", name="code_form"),
        sa.CheckConstraint(
            "length(dimension) BETWEEN 1 AND 20 AND dimension = upper(dimension)", name="dimension_form"
        ),
        sa.CheckConstraint("numerator > 0 AND denominator > 0", name="factor"),
        sa.UniqueConstraint("tenant_id", "code"),
    )
    m.create_tenant_table(
        "item",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("item_type", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False, server_default="NONE"),
        sa.Column("pick_policy", sa.Text(), nullable=False, server_default="FEFO"),
        sa.Column("lead_time_days", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("standard_cost", sa.Numeric()),
        sa.Column("asset_type", sa.Text()),
        sa.Column("lot_policy", sa.Text(), nullable=False, server_default="LOT_FOR_LOT"),
        sa.Column("lot_size", sa.Numeric()),
        sa.Column("lot_multiple", sa.Numeric()),
        sa.Column("lot_days", sa.Integer()),
        sa.Column("low_level_code", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        *_versioned(),
        sa.CheckConstraint(
            "asset_type IN ('UAV', 'PAYLOAD', 'BATTERY', 'CONTROLLER', 'DOCK')", name="asset_type_word"
        ),
        sa.CheckConstraint("asset_type IS NULL OR tracking = 'SERIAL'", name="assets_have_serials"),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
        sa.CheckConstraint("standard_cost >= 0", name="cost_sign"),
        sa.CheckConstraint("item_type IN ('RAW', 'WIP', 'FINISHED', 'SERVICE')", name="item_type_word"),
        sa.CheckConstraint("lead_time_days BETWEEN 0 AND 3650", name="lead_time_range"),
        sa.CheckConstraint(
            "CASE lot_policy WHEN 'FIXED' THEN lot_size IS NOT NULL WHEN 'MIN_MULTIPLE' THEN lot_size IS NOT NULL AND lot_multiple IS NOT NULL WHEN 'PERIOD' THEN lot_days IS NOT NULL ELSE true END",
            name="lot_policy_complete",
        ),
        sa.CheckConstraint(
            "lot_policy IN ('LOT_FOR_LOT', 'FIXED', 'MIN_MULTIPLE', 'PERIOD')", name="lot_policy_word"
        ),
        sa.CheckConstraint("lot_size > 0 AND lot_multiple > 0 AND lot_days > 0", name="lot_signs"),
        sa.CheckConstraint("low_level_code >= 0", name="low_level_code_sign"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 200", name="name_length"),
        sa.CheckConstraint("pick_policy IN ('FEFO', 'FIFO')", name="pick_policy_word"),
        sa.CheckConstraint("item_type <> 'SERVICE' OR tracking = 'NONE'", name="services_have_no_stock"),
        sa.CheckConstraint("tracking IN ('NONE', 'LOT', 'SERIAL')", name="tracking_word"),
        m.tenant_fk("unit_id", "unit"),
        sa.UniqueConstraint("tenant_id", "code"),
        sa.Index("ix_item_type", "tenant_id", "item_type", "code"),
        sa.Index("ix_item_unit", "tenant_id", "unit_id"),
    )
    m.create_tenant_table(
        "location",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("kind", sa.Text(), nullable=False, server_default="INTERNAL"),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_standard", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        *_versioned(),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
        sa.CheckConstraint(
            "kind IN ('INTERNAL', 'SUPPLIER', 'CUSTOMER', 'PRODUCTION', 'LOSS')", name="kind_word"
        ),
        m.tenant_fk("parent_id", "location"),
        sa.UniqueConstraint("tenant_id", "code"),
        sa.Index("ix_location_path", "tenant_id", "path"),
    )
    m.create_tenant_table(
        "lot",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("is_serial", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("expires_on", sa.Date()),
        sa.Column("received_at", sa.DateTime(timezone=True)),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        *_versioned(),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
        m.tenant_fk("item_id", "item"),
        sa.UniqueConstraint("tenant_id", "item_id", "code"),
    )
    m.create_tenant_table(
        "stock_balance",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid()),
        sa.Column("is_serial", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("on_hand", sa.Numeric(), nullable=False, server_default="0"),
        sa.Column("reserved", sa.Numeric(), nullable=False, server_default="0"),
        sa.Column("owed", sa.Numeric(), nullable=False, server_default="0"),
        _time("created_at", nullable=False),
        sa.CheckConstraint("on_hand >= 0", name="on_hand"),
        sa.CheckConstraint("owed >= 0", name="owed"),
        sa.CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
        sa.CheckConstraint("NOT is_serial OR (on_hand IN (0, 1) AND owed = 0)", name="serial"),
        m.tenant_fk("item_id", "item"),
        m.tenant_fk("location_id", "location"),
        m.tenant_fk("lot_id", "lot"),
        sa.UniqueConstraint(
            "tenant_id",
            "item_id",
            "location_id",
            "lot_id",
            name="uq_stock_balance_place",
            postgresql_nulls_not_distinct=True,
        ),
        sa.Index("ix_stock_balance_location", "tenant_id", "location_id", "item_id"),
        sa.Index(
            "ix_stock_balance_lot", "tenant_id", "lot_id", postgresql_where=sa.text("lot_id IS NOT NULL")
        ),
        sa.Index(
            "uq_stock_balance_serial",
            "tenant_id",
            "lot_id",
            unique=True,
            postgresql_where=sa.text("is_serial AND on_hand > 0"),
        ),
    )
    m.create_tenant_table(
        "stock_reservation",
        sa.Column("demand_ref", sa.Text(), nullable=False),
        sa.Column("line_ref", sa.Text()),
        sa.Column("balance_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid()),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("issued", sa.Numeric(), nullable=False, server_default="0"),
        sa.Column("released", sa.Numeric(), nullable=False, server_default="0"),
        sa.Column("returned", sa.Numeric(), nullable=False, server_default="0"),
        sa.Column(
            "open", sa.Numeric(), sa.Computed("quantity - issued - released", persisted=True), nullable=False
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        _time("created_at", nullable=False),
        sa.CheckConstraint("length(demand_ref) BETWEEN 1 AND 200", name="demand_ref_length"),
        sa.CheckConstraint("returned >= 0 AND returned <= issued", name="returned"),
        sa.CheckConstraint("quantity > 0 AND issued >= 0 AND released >= 0", name="signs"),
        sa.CheckConstraint("issued + released <= quantity", name="within"),
        m.tenant_fk("balance_id", "stock_balance"),
        sa.Index("ix_stock_reservation_demand", "tenant_id", "demand_ref", "item_id"),
        sa.Index("ix_stock_reservation_item", "tenant_id", "item_id", "id"),
        sa.Index(
            "ix_stock_reservation_open", "tenant_id", "balance_id", postgresql_where=sa.text("open > 0")
        ),
    )
    m.create_tenant_table(
        "stock_move",
        sa.Column("move_type", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid()),
        sa.Column("from_location_id", sa.Uuid(), nullable=False),
        sa.Column("to_location_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("unit_cost", sa.Numeric()),
        sa.Column("source_ref", sa.Text()),
        sa.Column("reservation_id", sa.Uuid()),
        sa.Column("reverses_id", sa.Uuid()),
        sa.Column("reason", sa.Text()),
        sa.Column("created_by", sa.Text(), nullable=False),
        _time("created_at", nullable=False),
        sa.CheckConstraint(
            "move_type IN ('RECEIVE', 'ISSUE', 'RETURN', 'TRANSFER', 'ADJUST', 'REVERSE')",
            name="move_type_word",
        ),
        sa.CheckConstraint("quantity > 0", name="quantity_sign"),
        sa.CheckConstraint("(move_type = 'REVERSE') = (reverses_id IS NOT NULL)", name="reversal"),
        sa.CheckConstraint("from_location_id <> to_location_id", name="two_places"),
        m.tenant_fk("from_location_id", "location", name="fk_stock_move_from"),
        m.tenant_fk("item_id", "item"),
        m.tenant_fk("lot_id", "lot"),
        m.tenant_fk("reservation_id", "stock_reservation", name="fk_stock_move_reservation"),
        m.tenant_fk("reverses_id", "stock_move", name="fk_stock_move_reverses"),
        m.tenant_fk("to_location_id", "location", name="fk_stock_move_to"),
        sa.UniqueConstraint("tenant_id", "reverses_id", name="uq_stock_move_reverses"),
        sa.Index("ix_stock_move_from", "tenant_id", "from_location_id", "id"),
        sa.Index("ix_stock_move_item", "tenant_id", "item_id", "id"),
        sa.Index(
            "ix_stock_move_lot", "tenant_id", "lot_id", "id", postgresql_where=sa.text("lot_id IS NOT NULL")
        ),
        sa.Index(
            "ix_stock_move_reservation",
            "tenant_id",
            "reservation_id",
            postgresql_where=sa.text("reservation_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_stock_move_source",
            "tenant_id",
            "source_ref",
            "id",
            postgresql_where=sa.text("source_ref IS NOT NULL"),
        ),
        sa.Index("ix_stock_move_to", "tenant_id", "to_location_id", "id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "stock_debt",
        sa.Column("balance_id", sa.Uuid(), nullable=False),
        sa.Column("move_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("settled", sa.Numeric(), nullable=False, server_default="0"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        _time("created_at", nullable=False),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 2000", name="reason_length"),
        sa.CheckConstraint("(settled = quantity) = (settled_at IS NOT NULL)", name="settled_has_time"),
        sa.CheckConstraint("quantity > 0 AND settled >= 0 AND settled <= quantity", name="within"),
        m.tenant_fk("balance_id", "stock_balance"),
        m.tenant_fk("move_id", "stock_move"),
        sa.UniqueConstraint("tenant_id", "move_id"),
        sa.Index(
            "ix_stock_debt_open",
            "tenant_id",
            "balance_id",
            "id",
            postgresql_where=sa.text("settled < quantity"),
        ),
    )
    m.create_tenant_table(
        "stock_threshold",
        sa.Column("item_id", sa.Uuid()),
        sa.Column("location_id", sa.Uuid()),
        sa.Column("minimum", sa.Numeric(), nullable=False),
        sa.Column("clear_level", sa.Numeric(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False, server_default="P2"),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        *_versioned(),
        sa.CheckConstraint("minimum > 0 AND clear_level >= minimum", name="levels"),
        sa.CheckConstraint("severity IN ('P1', 'P2', 'P3')", name="severity_word"),
        m.tenant_fk("item_id", "item"),
        m.tenant_fk("location_id", "location"),
        sa.UniqueConstraint(
            "tenant_id",
            "item_id",
            "location_id",
            name="uq_stock_threshold_scope",
            postgresql_nulls_not_distinct=True,
        ),
    )


def downgrade() -> None:
    for table in (
        "stock_threshold",
        "stock_debt",
        "stock_move",
        "stock_reservation",
        "stock_balance",
        "lot",
        "location",
        "item",
        "unit",
    ):
        op.drop_table(table)
