"""Backups, drills, inspections and capacity: their tables; when users signed in last."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202602280110"
down_revision = "202602280109"
branch_labels = None
depends_on = None
phase = "expand"


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _object(name: str) -> sa.Column:
    return sa.Column(name, JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))


def _words(name: str) -> sa.Column:
    return sa.Column(name, sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'"))


def _versioned() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        _time("created_at", nullable=False),
        _time("updated_at", nullable=False),
    )


def _inspections() -> None:
    m.create_tenant_table(
        "inspection_run",
        sa.Column("baseline_version", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default="RUNNING"),
        _count("total_checks"),
        _count("passed_checks"),
        _count("warned_checks"),
        _count("failed_checks"),
        sa.Column("score_percent", sa.Float()),
        sa.Column("previous_id", sa.Uuid()),
        sa.Column("score_change", sa.Float()),
        _words("new_failures"),
        _words("fixed"),
        _object("not_applicable"),
        sa.Column("audit_seq", sa.BigInteger()),
        sa.Column("audit_hash", sa.LargeBinary()),
        sa.Column("executed_by", sa.Text(), nullable=False),
        _time("completed_at"),
        *_versioned(),
        sa.CheckConstraint("length(baseline_version) BETWEEN 1 AND 100", name="baseline_version_length"),
        sa.CheckConstraint("status IN ('RUNNING', 'COMPLETED', 'FAILED')", name="status_word"),
        sa.CheckConstraint(
            "total_checks = passed_checks + warned_checks + failed_checks", name="counts_add_up"
        ),
        sa.CheckConstraint("score_percent BETWEEN 0 AND 100", name="score_percent_range"),
        sa.CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="ended_has_time"),
        sa.CheckConstraint("octet_length(audit_hash) = 32", name="audit_hash_is_sha256"),
        sa.Index("ix_inspection_run_newest", "tenant_id", "created_at", "id"),
    )
    m.create_tenant_table(
        "inspection_item",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("check_key", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        _object("evidence"),
        sa.Column("waived", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        _time("created_at", nullable=False),
        m.tenant_fk("run_id", "inspection_run", ondelete="CASCADE"),
        sa.UniqueConstraint("tenant_id", "run_id", "check_key"),
        sa.CheckConstraint("status IN ('PASS', 'WARN', 'FAIL')", name="status_word"),
        sa.CheckConstraint("severity IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')", name="severity_word"),
        sa.CheckConstraint("length(message) BETWEEN 1 AND 500", name="message_length"),
        grants="SELECT, INSERT",
    )
    m.create_tenant_table(
        "inspection_waiver",
        sa.Column("check_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _time("expires_at", nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        *_versioned(),
        sa.UniqueConstraint("tenant_id", "check_key"),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 2000", name="reason_length"),
    )
    m.add_column("identity_user", _time("last_sign_in_at"))


def _drop_inspections() -> None:
    op.drop_column("identity_user", "last_sign_in_at")
    for table in ("inspection_waiver", "inspection_item", "inspection_run"):
        op.drop_table(table)


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


def _backups() -> None:
    m.create_tenant_table(
        "backup_run",
        sa.Column("run_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("storage_uri", sa.Text()),
        sa.Column("checksum", sa.Text()),
        sa.Column("is_drill", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("triggered_by", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.Uuid()),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("chain_length", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("schema_revision", sa.Text()),
        _time("snapshot_at"),
        sa.Column("table_count", sa.Integer()),
        sa.Column("row_count", sa.BigInteger()),
        sa.Column("changed_rows", sa.BigInteger()),
        sa.Column("deleted_rows", sa.BigInteger()),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("reason_code", sa.Text()),
        sa.Column("reason", sa.Text()),
        _time("completed_at"),
        _time("bytes_verified_at"),
        _time("restore_verified_at"),
        _time("expired_at"),
        *_versioned(),
        m.tenant_fk("parent_id", "backup_run", name="fk_backup_run_parent"),
        sa.CheckConstraint("run_type IN ('FULL', 'INCREMENTAL')", name="run_type_word"),
        sa.CheckConstraint("status IN ('RUNNING', 'SUCCESS', 'FAILED')", name="status_word"),
        sa.CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="completed_has_time"),
        sa.CheckConstraint(
            "restore_verified_at IS NULL OR bytes_verified_at IS NOT NULL", name="restored_means_read"
        ),
        sa.Index("ix_backup_run_newest", "tenant_id", "created_at", "id"),
        sa.Index("ix_backup_run_parent", "tenant_id", "parent_id"),
    )
    m.create_tenant_table(
        "restore_drill",
        sa.Column("backup_run_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("objective_rto_seconds", sa.Float(), nullable=False),
        sa.Column("actual_rto_seconds", sa.Float()),
        sa.Column("rpo_seconds", sa.Float()),
        sa.Column("table_count", sa.Integer()),
        sa.Column("row_count", sa.BigInteger()),
        sa.Column("reason_code", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("executed_by", sa.Text(), nullable=False),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("operation_id", sa.Uuid()),
        _time("started_at"),
        _time("completed_at"),
        *_versioned(),
        m.tenant_fk("backup_run_id", "backup_run"),
        sa.CheckConstraint("status IN ('RUNNING', 'PASSED', 'FAILED')", name="status_word"),
        sa.CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="completed_has_time"),
        sa.CheckConstraint("objective_rto_seconds > 0", name="objective_positive"),
        sa.Index("ix_restore_drill_newest", "tenant_id", "created_at", "id"),
        sa.Index("ix_restore_drill_run", "tenant_id", "backup_run_id"),
    )


def upgrade() -> None:
    _inspections()
    _capacity()
    _backups()


def downgrade() -> None:
    op.drop_table("restore_drill")
    op.drop_table("backup_run")
    for table in ("capacity_forecast", "capacity_policy"):
        op.drop_table(table)
    _drop_inspections()
