"""Work centres, routings and lines."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

from alembic import op
from app.kernel.db import migrate as m

revision = "202604010021"
down_revision = "202604010012"
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
        "work_center",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department", sa.Text()),
        sa.Column("capacity", sa.Integer(), nullable=False, server_default="1"),
        *_versioned(),
        sa.CheckConstraint("capacity > 0", name="capacity_positive"),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
        sa.UniqueConstraint("tenant_id", "code"),
    )
    m.create_tenant_table(
        "work_center_hours",
        sa.Column("work_center_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens_minute", sa.Integer(), nullable=False),
        sa.Column("closes_minute", sa.Integer(), nullable=False),
        sa.CheckConstraint("opens_minute >= 0 AND closes_minute <= 1440", name="minutes_of_a_day"),
        sa.CheckConstraint("opens_minute < closes_minute", name="opens_before_closing"),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_range"),
        m.tenant_fk("work_center_id", "work_center", ondelete="CASCADE"),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("work_center_id", "="),
            ("weekday", "="),
            (sa.text("int4range(opens_minute, closes_minute)"), "&&"),
            name="ex_work_center_hours_overlap",
        ),
        sa.Index("ix_work_center_hours_center", "tenant_id", "work_center_id"),
    )
    m.create_tenant_table(
        "routing",
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        *_versioned(),
        m.tenant_fk("product_id", "item"),
        sa.Index(
            "uq_routing_active", "tenant_id", "product_id", unique=True, postgresql_where=sa.text("is_active")
        ),
    )
    m.create_tenant_table(
        "routing_operation",
        sa.Column("routing_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("work_center_id", sa.Uuid()),
        sa.Column("setup_seconds", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("run_seconds", sa.Numeric(), nullable=False, server_default=sa.text("0")),
        sa.Column("after", JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb")),
        sa.CheckConstraint("setup_seconds >= 0 AND run_seconds >= 0", name="times_not_negative"),
        m.tenant_fk("routing_id", "routing", ondelete="CASCADE"),
        m.tenant_fk("work_center_id", "work_center"),
        sa.UniqueConstraint("tenant_id", "routing_id", "code"),
        sa.Index("ix_routing_operation_center", "tenant_id", "work_center_id"),
    )
    m.create_tenant_table(
        "production_line",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("department", sa.Text()),
        sa.Column("product_id", sa.Uuid()),
        sa.Column("occupied_at", sa.DateTime(timezone=True)),
        *_versioned(),
        sa.CheckConstraint("(product_id IS NULL) = (occupied_at IS NULL)", name="occupied_since"),
        m.tenant_fk("product_id", "item"),
        sa.UniqueConstraint("tenant_id", "code"),
        sa.Index("ix_production_line_product", "tenant_id", "product_id"),
    )


def downgrade() -> None:
    op.drop_table("production_line")
    op.drop_table("routing_operation")
    op.drop_table("routing")
    op.drop_table("work_center_hours")
    op.drop_table("work_center")
