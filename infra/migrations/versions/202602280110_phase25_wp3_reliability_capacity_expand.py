"""Backups, drills, inspections and capacity: their tables."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202602280110"
down_revision = "202602280109"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    _capacity()


def _capacity() -> None:
    m.create_tenant_table(
        "capacity_policy",
        sa.Column("meter_key", sa.Text(), nullable=False),
        *(
            sa.Column(f"{name}_pct", sa.Float(), nullable=False)
            for name in ("target_utilization", "scale_out_threshold", "scale_in_threshold")
        ),
        *(
            sa.Column(f"{name}_replicas", sa.Integer(), nullable=False)
            for name in ("min", "max", "current")
        ),
        sa.Column("exhaustion_limit", sa.Float(), nullable=False),
        sa.Column("alert_horizon_days", sa.Integer()),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("tenant_id", "meter_key"),
        sa.CheckConstraint("length(meter_key) BETWEEN 1 AND 120", name="meter_key_length"),
        sa.CheckConstraint("target_utilization_pct BETWEEN 1 AND 100", name="target_utilization_range"),
        sa.CheckConstraint("scale_out_threshold_pct BETWEEN 1 AND 100", name="scale_out_range"),
        sa.CheckConstraint("scale_in_threshold_pct BETWEEN 1 AND 100", name="scale_in_range"),
        sa.CheckConstraint("scale_in_threshold_pct < scale_out_threshold_pct", name="thresholds"),
        sa.CheckConstraint("current_replicas BETWEEN min_replicas AND max_replicas", name="replicas"),
        sa.CheckConstraint("min_replicas >= 0", name="min_replicas_range"),
        sa.CheckConstraint("exhaustion_limit > 0", name="exhaustion_limit_range"),
        sa.CheckConstraint("alert_horizon_days BETWEEN 1 AND 366", name="alert_horizon_range"),
    )
    usages = ("predicted_usage", "lower_usage", "upper_usage", "peak_usage", "peak_upper_usage")
    decisions = "'SCALE_OUT', 'SCALE_IN', 'HOLD', 'INSUFFICIENT_DATA'"
    methods = "'NONE', 'MEAN', 'SEASONAL_NAIVE', 'HOLT_WINTERS', 'THEIL_SEN'"
    m.create_tenant_table(
        "capacity_forecast",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        sa.Column("meter_key", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=False)
            for name in ("window_start", "window_end", "sample_start")
        ),
        sa.Column("sample_count", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Float()) for name in usages),
        sa.Column("interval_level", sa.Float(), nullable=False),
        sa.Column("backtest", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("exhaustion", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("current_replicas", sa.Integer(), nullable=False),
        sa.Column("recommended_replicas", sa.Integer(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("actual_usage", sa.Float()),
        sa.Column("scored_at", sa.DateTime(timezone=True)),
        sa.Column("generated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        m.tenant_fk("policy_id", "capacity_policy", ondelete="CASCADE"),
        sa.CheckConstraint(f"decision IN ({decisions})", name="decision_word"),
        sa.CheckConstraint(f"method IN ({methods})", name="method_word"),
        sa.CheckConstraint("window_end > window_start", name="window"),
        sa.CheckConstraint("lower_usage <= upper_usage", name="interval"),
        sa.CheckConstraint("(predicted_usage IS NULL) = (method = 'NONE')", name="predicted_by_a_method"),
        sa.Index("ix_capacity_forecast_policy", "tenant_id", "policy_id", "generated_at", "id"),
        sa.Index("ix_capacity_forecast_meter", "tenant_id", "meter_key", "generated_at", "id"),
        sa.Index("ix_capacity_forecast_newest", "tenant_id", "generated_at", "id"),
        sa.Index(
            "ix_capacity_forecast_unscored",
            "tenant_id",
            "window_end",
            postgresql_where=sa.text("scored_at IS NULL AND predicted_usage IS NOT NULL"),
        ),
    )


def downgrade() -> None:
    for table in ("capacity_forecast", "capacity_policy"):
        op.drop_table(table)
