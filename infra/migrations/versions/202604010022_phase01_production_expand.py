"""Manufacturing orders: components, transitions, issues, outputs, work orders, hand-overs."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202604010022"
down_revision = "202604010021"
branch_labels = None
depends_on = None
phase = "expand"


def _versioned() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def upgrade() -> None:
    m.create_tenant_table(
        "production_order",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid()),
        sa.Column("bom_hash", sa.Text()),
        sa.Column("routing_id", sa.Uuid()),
        sa.Column("production_line_id", sa.Uuid()),
        sa.Column("qty_planned", sa.Numeric(), nullable=False),
        sa.Column("qty_good", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("qty_scrapped", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("status", sa.Text(), nullable=False, server_default="DRAFT"),
        sa.Column("held_from", sa.Text()),
        sa.Column("priority", sa.Text(), nullable=False, server_default="NORMAL"),
        sa.Column("department", sa.Text()),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("batch_number", sa.Text()),
        sa.Column("material_status", sa.Text()),
        sa.Column("variance_class", sa.Text()),
        sa.Column("variance_percent", sa.Numeric()),
        sa.Column("override_reason", sa.Text()),
        sa.Column("overridden_by", sa.Text()),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.Text(), nullable=False),
        *_versioned(),
        sa.CheckConstraint("(status = 'COMPLETED') = (completed_at IS NOT NULL)", name="completed_has_time"),
        sa.CheckConstraint("(status = 'ON_HOLD') = (held_from IS NOT NULL)", name="held_from_where"),
        sa.CheckConstraint("held_from IN ('APPROVED', 'IN_PROGRESS')", name="held_from_word"),
        sa.CheckConstraint(
            "variance_class <> 'MAJOR' OR (override_reason IS NOT NULL AND overridden_by IS NOT NULL)",
            name="major_was_overridden",
        ),
        sa.CheckConstraint("material_status IN ('READY', 'PARTIAL', 'SHORT')", name="material_status_word"),
        sa.CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name="priority_word"),
        sa.CheckConstraint("qty_planned > 0", name="qty_planned_positive"),
        sa.CheckConstraint("qty_good >= 0 AND qty_scrapped >= 0", name="quantities_not_negative"),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'APPROVED', 'IN_PROGRESS', 'ON_HOLD', 'COMPLETED', 'CANCELLED')",
            name="status_word",
        ),
        sa.CheckConstraint("variance_class IN ('EXACT', 'MINOR', 'MAJOR')", name="variance_class_word"),
        m.tenant_fk("revision_id", "bom_revision"),
        m.tenant_fk("product_id", "item"),
        m.tenant_fk("production_line_id", "production_line"),
        m.tenant_fk("routing_id", "routing"),
        sa.UniqueConstraint("tenant_id", "batch_number"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_production_order_line", "tenant_id", "production_line_id"),
        sa.Index("ix_production_order_product", "tenant_id", "product_id"),
        sa.Index("ix_production_order_revision", "tenant_id", "revision_id"),
        sa.Index("ix_production_order_routing", "tenant_id", "routing_id"),
        sa.Index("ix_production_order_status", "tenant_id", "status", "id"),
    )
    m.create_tenant_table(
        "production_component",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("operation_code", sa.Text()),
        sa.Column("consumption", sa.Text(), nullable=False, server_default="BACKFLUSH"),
        sa.Column("is_whole", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("qty_fixed", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("qty_per_unit", sa.Numeric(), nullable=False),
        sa.Column("qty_required", sa.Numeric(), nullable=False),
        sa.Column("qty_issued", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.CheckConstraint("consumption IN ('BACKFLUSH', 'ISSUE')", name="consumption_word"),
        sa.CheckConstraint("qty_fixed >= 0 AND qty_per_unit >= 0", name="norm_not_negative"),
        sa.CheckConstraint("qty_required >= 0 AND qty_issued >= 0", name="quantities_not_negative"),
        m.tenant_fk("item_id", "item"),
        m.tenant_fk("order_id", "production_order", ondelete="CASCADE"),
        sa.UniqueConstraint("tenant_id", "order_id", "position"),
        sa.Index("ix_production_component_item", "tenant_id", "item_id"),
    )
    m.create_tenant_table(
        "production_transition",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text()),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric()),
        sa.Column("note", sa.Text()),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "action IN ('create', 'approve', 'start', 'hold', 'resume', 'receive', 'complete', 'cancel')",
            name="action_word",
        ),
        sa.CheckConstraint(
            "from_status IN ('DRAFT', 'APPROVED', 'IN_PROGRESS', 'ON_HOLD', 'COMPLETED', 'CANCELLED')",
            name="from_status_word",
        ),
        sa.CheckConstraint(
            "to_status IN ('DRAFT', 'APPROVED', 'IN_PROGRESS', 'ON_HOLD', 'COMPLETED', 'CANCELLED')",
            name="to_status_word",
        ),
        m.tenant_fk("order_id", "production_order"),
        sa.Index("ix_production_transition_order", "tenant_id", "order_id", "at", "id"),
        sa.Index("ix_production_transition_state", "tenant_id", "to_status", "at"),
        insert_only=True,
    )
    m.create_tenant_table(
        "production_issue",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("component_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid()),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("qty_assigned", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("qty_assigned BETWEEN 0 AND quantity", name="assigned_of_issued"),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        m.tenant_fk("lot_id", "lot"),
        m.tenant_fk("component_id", "production_component"),
        sa.Index("ix_production_issue_component", "tenant_id", "component_id", "id"),
        sa.Index("ix_production_issue_lot", "tenant_id", "lot_id"),
    )
    m.create_tenant_table(
        "production_output",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid()),
        sa.Column("lot_code", sa.Text()),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        m.tenant_fk("lot_id", "lot"),
        m.tenant_fk("order_id", "production_order"),
        sa.Index("ix_production_output_lot", "tenant_id", "lot_id"),
        sa.Index("ix_production_output_order", "tenant_id", "order_id", "id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "production_built_from",
        sa.Column("output_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid()),
        sa.Column("lot_code", sa.Text()),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        m.tenant_fk("item_id", "item"),
        m.tenant_fk("lot_id", "lot"),
        m.tenant_fk("output_id", "production_output"),
        sa.Index("ix_production_built_from_item", "tenant_id", "item_id"),
        sa.Index("ix_production_built_from_lot", "tenant_id", "lot_id"),
        sa.Index("ix_production_built_from_output", "tenant_id", "output_id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "production_work_order",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("work_center_id", sa.Uuid()),
        sa.Column("after", JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.Column("setup_seconds", sa.Numeric(), nullable=False),
        sa.Column("run_seconds", sa.Numeric(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("qty_planned", sa.Numeric(), nullable=False),
        sa.Column("qty_input", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("qty_good", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("qty_scrap", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("qty_rework", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("expected_start_at", sa.DateTime(timezone=True)),
        sa.Column("expected_end_at", sa.DateTime(timezone=True)),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        *_versioned(),
        sa.CheckConstraint("qty_good + qty_scrap + qty_rework = qty_input", name="input_is_accounted_for"),
        sa.CheckConstraint("qty_good >= 0 AND qty_scrap >= 0 AND qty_rework >= 0", name="not_negative"),
        sa.CheckConstraint(
            "status IN ('WAITING', 'OPEN', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED')", name="status_word"
        ),
        m.tenant_fk("order_id", "production_order"),
        m.tenant_fk("work_center_id", "work_center"),
        sa.UniqueConstraint("tenant_id", "order_id", "code"),
        sa.Index("ix_production_work_order_center", "tenant_id", "work_center_id", "status"),
    )
    m.create_tenant_table(
        "production_report",
        sa.Column("work_order_id", sa.Uuid(), nullable=False),
        sa.Column("qty_input", sa.Numeric(), nullable=False),
        sa.Column("qty_good", sa.Numeric(), nullable=False),
        sa.Column("qty_scrap", sa.Numeric(), nullable=False),
        sa.Column("qty_rework", sa.Numeric(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("qty_good + qty_scrap + qty_rework = qty_input", name="input_is_accounted_for"),
        sa.CheckConstraint("qty_input > 0", name="input_positive"),
        sa.CheckConstraint("qty_good >= 0 AND qty_scrap >= 0 AND qty_rework >= 0", name="not_negative"),
        m.tenant_fk("work_order_id", "production_work_order"),
        sa.Index("ix_production_report_work_order", "tenant_id", "work_order_id", "at", "id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "production_handover",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("from_department", sa.Text(), nullable=False),
        sa.Column("to_department", sa.Text(), nullable=False),
        sa.Column("production_line_id", sa.Uuid()),
        sa.Column("qty_sent", sa.Numeric(), nullable=False),
        sa.Column("qty_accepted", sa.Numeric()),
        sa.Column("status", sa.Text(), nullable=False, server_default="PENDING"),
        sa.Column("note", sa.Text()),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decision_note", sa.Text()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        *_versioned(),
        sa.CheckConstraint(
            "(status = 'ACCEPTED') = (qty_accepted IS NOT NULL)", name="accepted_has_quantity"
        ),
        sa.CheckConstraint("qty_accepted BETWEEN 0 AND qty_sent", name="accepted_of_sent"),
        sa.CheckConstraint("from_department <> to_department", name="between_departments"),
        sa.CheckConstraint("(status = 'PENDING') = (decided_at IS NULL)", name="decided_has_time"),
        sa.CheckConstraint("qty_sent > 0", name="qty_sent_positive"),
        sa.CheckConstraint("status IN ('PENDING', 'ACCEPTED', 'REJECTED', 'CANCELLED')", name="status_word"),
        m.tenant_fk("production_line_id", "production_line"),
        m.tenant_fk("task_id", "production_order"),
        sa.Index("ix_production_handover_line", "tenant_id", "production_line_id"),
        sa.Index("ix_production_handover_task", "tenant_id", "task_id", "id"),
        sa.Index(
            "uq_production_handover_pending",
            "tenant_id",
            "task_id",
            unique=True,
            postgresql_where=sa.text("status = 'PENDING'"),
        ),
    )


def downgrade() -> None:
    op.drop_table("production_handover")
    op.drop_table("production_report")
    op.drop_table("production_work_order")
    op.drop_table("production_built_from")
    op.drop_table("production_output")
    op.drop_table("production_issue")
    op.drop_table("production_transition")
    op.drop_table("production_component")
    op.drop_table("production_order")
