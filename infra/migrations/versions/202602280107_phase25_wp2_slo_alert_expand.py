"""Objectives and alerts: their tables."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202602280107"
down_revision = "202602280106"
branch_labels = None
depends_on = None
phase = "expand"

_OPEN = "status <> 'CLOSED'"
_SOURCES = (
    "'SLO', 'RULE', 'SECURITY', 'BACKUP', 'CAPACITY', 'ASSETS', 'STOCK', 'AI', 'STORAGE', 'PLATFORM', 'EXTERNAL'"
)


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _detail(name: str) -> sa.Column:
    return sa.Column(name, JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))


def _versioned() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        _time("created_at", nullable=False),
        _time("updated_at", nullable=False),
    )


def upgrade() -> None:
    _alerts()
    _rules()
    _notify()
    _suppressions()
    _escalation()
    _slo()


def _slo() -> None:
    m.create_tenant_table(
        "slo_policy",
        *_texts("policy_key", "service_name", "signal_name"),
        sa.Column("description", sa.Text()),
        sa.Column("runbook_url", sa.Text()),
        sa.Column("target_ratio", sa.Float(), nullable=False),
        sa.Column("latency_threshold_ms", sa.Float()),
        *_counts("window_minutes", "minimum_samples"),
        *_texts("alert_severity", "alert_on"),
        sa.Column("objective_windows", JSONB(), nullable=False),
        *_texts("timezone"),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        _detail("detail"),
        *_texts("created_by"),
        *(_time(n, nullable=False) for n in ("next_evaluation_at", "counted_from", "counted_to", "late_seen_at")),
        *_versioned(),
        sa.UniqueConstraint("tenant_id", "policy_key"),
        sa.CheckConstraint("length(policy_key) BETWEEN 1 AND 120", name="policy_key_length"),
        sa.CheckConstraint("length(service_name) BETWEEN 1 AND 120", name="service_name_length"),
        sa.CheckConstraint("length(signal_name) BETWEEN 1 AND 120", name="signal_name_length"),
        sa.CheckConstraint("target_ratio BETWEEN 0 AND 1", name="target_ratio_range"),
        sa.CheckConstraint("latency_threshold_ms >= 0", name="latency_threshold_not_negative"),
        sa.CheckConstraint("window_minutes BETWEEN 1 AND 1440", name="window_minutes_range"),
        sa.CheckConstraint("minimum_samples >= 1", name="minimum_samples_range"),
        sa.CheckConstraint("alert_severity IN ('P1', 'P2', 'P3')", name="alert_severity_word"),
        sa.CheckConstraint("alert_on IN ('BREACH', 'BURN_RATE', 'BOTH')", name="alert_on_word"),
        sa.CheckConstraint("counted_to >= counted_from", name="counted_period"),
        sa.Index("ix_slo_policy_due", "tenant_id", "next_evaluation_at", postgresql_where=sa.text("is_active")),
    )
    m.create_tenant_table(
        "slo_evaluation",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        *_texts("policy_key"),
        _time("window_start", nullable=False),
        _time("window_end", nullable=False),
        *_ratios("target_ratio"),
        *_counts("total_samples", "good_samples"),
        *_ratios("availability_ratio", "error_ratio"),
        *_counts("corrected_total_samples", "corrected_good_samples"),
        *_ratios("corrected_availability_ratio"),
        sa.Column("p95_latency_ms", sa.Float()),
        *_texts("status"),
        sa.Column("alert_triggered", sa.Boolean(), nullable=False),
        sa.Column("alert_event_id", sa.Uuid()),
        sa.Column("oncall_target", sa.Text()),
        _detail("detail"),
        _time("created_at", nullable=False),
        m.tenant_fk("policy_id", "slo_policy", ondelete="CASCADE"),
        sa.CheckConstraint("status IN ('HEALTHY', 'BREACHED')", name="status_word"),
        sa.CheckConstraint("good_samples BETWEEN 0 AND total_samples", name="good_within_total"),
        sa.CheckConstraint(
            "corrected_good_samples BETWEEN 0 AND corrected_total_samples", name="corrected_good"
        ),
        sa.CheckConstraint("corrected_total_samples <= total_samples", name="corrected_within_total"),
        sa.CheckConstraint("window_end > window_start", name="window"),
        sa.Index("ix_slo_evaluation_policy", "tenant_id", "policy_id", "created_at", "id"),
        sa.Index("ix_slo_evaluation_newest", "tenant_id", "created_at", "id"),
        grants="SELECT, INSERT, DELETE",
    )
    m.create_tenant_table(
        "slo_minute",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        _time("at", nullable=False),
        *_counts("total", "good"),
        m.tenant_fk("policy_id", "slo_policy", ondelete="CASCADE"),
        sa.CheckConstraint("good BETWEEN 0 AND total", name="good_within_total"),
        key=("policy_id", "at"),
    )
    m.create_tenant_table(
        "slo_correction",
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        _time("starts_at", nullable=False),
        _time("ends_at", nullable=False),
        *_texts("reason", "created_by"),
        _time("created_at", nullable=False),
        m.tenant_fk("policy_id", "slo_policy", ondelete="CASCADE"),
        sa.CheckConstraint("ends_at > starts_at", name="period"),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 2000", name="reason_length"),
        sa.Index("ix_slo_correction_policy", "tenant_id", "policy_id", "ends_at"),
        grants="SELECT, INSERT, DELETE",
    )


def _texts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _ratios(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Float(), nullable=False) for name in names]


def _alerts() -> None:
    m.create_tenant_table(
        "alert",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default="OPEN"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        _detail("labels"),
        sa.Column("value", sa.Float()),
        sa.Column("policy_id", sa.Uuid()),
        sa.Column("rule_id", sa.Uuid()),
        sa.Column("runbook_url", sa.Text()),
        sa.Column("target", sa.Text()),
        sa.Column("work_ref", sa.Text()),
        sa.Column("previous_id", sa.Uuid()),
        sa.Column("occurrences", sa.Integer(), nullable=False, server_default="1"),
        _time("last_seen_at", nullable=False),
        _time("routed_at"),
        _time("acked_at"),
        sa.Column("acked_by", sa.Text()),
        _time("silenced_until"),
        sa.Column("suppressed_by", sa.Text()),
        _time("closed_at"),
        sa.Column("closed_by", sa.Text()),
        sa.Column("close_reason", sa.Text()),
        *_versioned(),
        sa.CheckConstraint(f"source IN ({_SOURCES})", name="source_word"),
        sa.CheckConstraint("severity IN ('P1', 'P2', 'P3')", name="severity_word"),
        sa.CheckConstraint("status IN ('OPEN', 'ACKED', 'CLOSED')", name="status_word"),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 200", name="title_length"),
        sa.CheckConstraint("length(message) <= 500", name="message_length"),
        sa.CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", name="closed_has_time"),
        sa.CheckConstraint("status <> 'ACKED' OR acked_at IS NOT NULL", name="acked_has_time"),
        sa.Index(
            "uq_alert_open",
            "tenant_id",
            "source",
            "key",
            "subject",
            unique=True,
            postgresql_where=sa.text(_OPEN),
        ),
        sa.Index("ix_alert_newest", "tenant_id", "created_at", "id"),
        sa.Index(
            "ix_alert_unfinished", "tenant_id", "status", "created_at", "id", postgresql_where=sa.text(_OPEN)
        ),
        sa.Index(
            "ix_alert_unrouted", "tenant_id", "id", postgresql_where=sa.text(f"routed_at IS NULL AND {_OPEN}")
        ),
        sa.Index("ix_alert_source", "tenant_id", "source", "created_at", "id"),
        sa.Index("ix_alert_subject", "tenant_id", "subject", "created_at", "id"),
        sa.Index(
            "ix_alert_work",
            "tenant_id",
            "work_ref",
            postgresql_where=sa.text(f"work_ref IS NOT NULL AND {_OPEN}"),
        ),
    )
    m.create_tenant_table(
        "oncall_shift",
        sa.Column("shift_name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        _time("starts_at", nullable=False),
        _time("ends_at", nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False, server_default="UTC"),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        _detail("detail"),
        sa.Column("created_by", sa.Text(), nullable=False),
        *_versioned(),
        sa.CheckConstraint("length(shift_name) BETWEEN 1 AND 100", name="shift_name_length"),
        sa.CheckConstraint("length(target) BETWEEN 1 AND 200", name="target_length"),
        sa.CheckConstraint("ends_at > starts_at", name="period"),
        sa.Index("ix_oncall_shift_ends", "tenant_id", "ends_at"),
    )


def _rules() -> None:
    m.create_tenant_table(
        "alert_rule",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("title_template", sa.Text(), nullable=False),
        sa.Column("message_template", sa.Text(), nullable=False),
        sa.Column("runbook_url", sa.Text()),
        _detail("labels"),
        sa.Column("condition", JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        *_versioned(),
        sa.UniqueConstraint("tenant_id", "name"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        sa.CheckConstraint("kind IN ('threshold', 'absence', 'event')", name="kind_word"),
        sa.CheckConstraint("severity IN ('P1', 'P2', 'P3')", name="severity_word"),
        sa.Index("ix_alert_rule_kind", "tenant_id", "kind", postgresql_where=sa.text("is_active")),
    )
    m.create_tenant_table(
        "alert_rule_state",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        _time("pending_since", nullable=False),
        sa.Column("firing", sa.Boolean(), nullable=False),
        sa.Column("value", sa.Float()),
        _time("evaluated_at", nullable=False),
        m.tenant_fk("rule_id", "alert_rule", ondelete="CASCADE"),
        key=("rule_id", "object"),
    )


def _json(name: str) -> sa.Column:
    return sa.Column(name, JSONB(), nullable=False)


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def _notify() -> None:
    m.create_tenant_table(
        "alert_receiver",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        _json("config"),
        sa.Column("secret", sa.LargeBinary()),
        *_versioned(),
        sa.UniqueConstraint("tenant_id", "name"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        sa.CheckConstraint("kind IN ('webhook', 'email', 'alertmanager')", name="kind_word"),
    )
    m.create_tenant_table(
        "notification_route",
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        _number("position"),
        _json("matchers"),
        _json("group_by"),
        _number("group_wait_seconds"),
        _number("group_interval_seconds"),
        _number("repeat_interval_seconds"),
        _flag("send_resolved"),
        _flag("goes_on"),
        _flag("is_active"),
        *_versioned(),
        m.tenant_fk("receiver_id", "alert_receiver"),
        sa.CheckConstraint(
            "group_wait_seconds >= 0 AND group_interval_seconds >= 1 AND repeat_interval_seconds >= 60",
            name="pace",
        ),
        sa.Index("ix_notification_route_order", "tenant_id", "position", "id"),
        sa.Index("ix_notification_route_receiver", "tenant_id", "receiver_id"),
    )
    m.create_tenant_table(
        "notification_group",
        sa.Column("route_id", sa.Uuid(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        _json("labels"),
        _time("due_at"),
        _time("last_sent_at"),
        m.tenant_fk("route_id", "notification_route", ondelete="CASCADE"),
        sa.UniqueConstraint("tenant_id", "route_id", "group_key"),
        sa.Index("ix_notification_group_due", "tenant_id", "due_at"),
    )
    m.create_tenant_table(
        "notification_member",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("told", sa.Text()),
        m.tenant_fk("group_id", "notification_group", ondelete="CASCADE"),
        m.tenant_fk("alert_id", "alert", ondelete="CASCADE"),
        sa.Index("ix_notification_member_alert", "tenant_id", "alert_id"),
        key=("group_id", "alert_id"),
    )
    m.create_tenant_table(
        "notification_delivery",
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        _number("attempts"),
        _time("next_attempt_at"),
        sa.Column("last_status_code", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        _json("payload"),
        _time("created_at", nullable=False),
        _time("finished_at"),
        m.tenant_fk("receiver_id", "alert_receiver", ondelete="CASCADE"),
        sa.CheckConstraint("reason IN ('group', 'escalation', 'test')", name="reason_word"),
        sa.CheckConstraint("status IN ('PENDING', 'DELIVERED', 'DEAD')", name="status_word"),
        sa.CheckConstraint("(status = 'PENDING') = (next_attempt_at IS NOT NULL)", name="pending_has_a_time"),
        sa.Index("ix_notification_delivery_receiver", "tenant_id", "receiver_id", "id"),
        sa.Index(
            "ix_notification_delivery_due",
            "tenant_id",
            "next_attempt_at",
            postgresql_where=sa.text("status = 'PENDING'"),
        ),
    )


def _suppressions() -> None:
    m.create_tenant_table(
        "alert_suppression",
        sa.Column("kind", sa.Text(), nullable=False),
        _json("matchers"),
        sa.Column("source_matchers", JSONB()),
        _json("equal"),
        sa.Column("weekly", JSONB()),
        _time("starts_at", nullable=False),
        _time("ends_at"),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        *_versioned(),
        sa.CheckConstraint("kind IN ('SILENCE', 'MAINTENANCE', 'INHIBITION')", name="kind_word"),
        sa.CheckConstraint("length(comment) BETWEEN 1 AND 500", name="comment_length"),
        sa.CheckConstraint("ends_at > starts_at", name="period"),
        sa.CheckConstraint("kind = 'INHIBITION' OR ends_at IS NOT NULL", name="ends_some_day"),
        sa.CheckConstraint("(kind = 'INHIBITION') = (source_matchers IS NOT NULL)", name="inhibition_has_source"),
        sa.CheckConstraint("weekly IS NULL OR kind = 'MAINTENANCE'", name="weekly_is_maintenance"),
        sa.Index("ix_alert_suppression_ends", "tenant_id", "ends_at"),
    )


def _escalation() -> None:
    m.create_tenant_table(
        "escalation_policy",
        sa.Column("name", sa.Text(), nullable=False),
        _json("matchers"),
        _json("steps"),
        _flag("is_active"),
        *_versioned(),
        sa.UniqueConstraint("tenant_id", "name"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
    )
    m.create_tenant_table(
        "escalation_timer",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        _number("step"),
        sa.Column("policy_id", sa.Uuid(), nullable=False),
        _time("due_at", nullable=False),
        _json("target"),
        m.tenant_fk("policy_id", "escalation_policy", ondelete="CASCADE"),
        m.tenant_fk("alert_id", "alert", ondelete="CASCADE"),
        sa.CheckConstraint("step >= 0", name="step_counts"),
        sa.Index("ix_escalation_timer_due", "tenant_id", "due_at"),
        sa.Index("ix_escalation_timer_policy", "tenant_id", "policy_id"),
        key=("alert_id", "step"),
    )


def downgrade() -> None:
    for table in ("slo_correction", "slo_minute", "slo_evaluation", "slo_policy"):
        op.drop_table(table)
    op.drop_table("escalation_timer")
    op.drop_table("escalation_policy")
    op.drop_table("alert_suppression")
    for table in ("delivery", "member", "group", "route"):
        op.drop_table(f"notification_{table}")
    op.drop_table("alert_receiver")
    op.drop_table("alert_rule_state")
    op.drop_table("alert_rule")
    op.drop_table("oncall_shift")
    op.drop_table("alert")
