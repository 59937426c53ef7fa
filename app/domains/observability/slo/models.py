"""Objectives, what was found out about them, and the counts that their budgets are made of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.observability.slo.words import AlertOn, SloStatus
from app.domains.observability.words import Severity, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

_POLICY = ("slo_policy.tenant_id", "slo_policy.id")


class SloPolicy(TenantRow, Versioned, Timestamped, Base):
    """How good a service has to be.

    Minutes from `counted_from` to `counted_to` are counted in `slo_minute`; late signals that came before
    `late_seen_at` are in there too. `next_evaluation_at` is when the schedule looks at it again.
    """

    __tablename__ = "slo_policy"
    __table_args__ = (
        UniqueConstraint("tenant_id", "policy_key"),
        CheckConstraint("length(policy_key) BETWEEN 1 AND 120", name="policy_key_length"),
        CheckConstraint("length(service_name) BETWEEN 1 AND 120", name="service_name_length"),
        CheckConstraint("length(signal_name) BETWEEN 1 AND 120", name="signal_name_length"),
        CheckConstraint("target_ratio BETWEEN 0 AND 1", name="target_ratio_range"),
        CheckConstraint("latency_threshold_ms >= 0", name="latency_threshold_not_negative"),
        CheckConstraint("window_minutes BETWEEN 1 AND 1440", name="window_minutes_range"),
        CheckConstraint("minimum_samples >= 1", name="minimum_samples_range"),
        CheckConstraint(f"alert_severity IN ({sql_words(Severity)})", name="alert_severity_word"),
        CheckConstraint(f"alert_on IN ({sql_words(AlertOn)})", name="alert_on_word"),
        CheckConstraint("counted_to >= counted_from", name="counted_period"),
        Index("ix_slo_policy_due", "tenant_id", "next_evaluation_at", postgresql_where=text("is_active")),
    )

    policy_key: Mapped[str]
    service_name: Mapped[str]
    signal_name: Mapped[str]
    description: Mapped[str | None]
    runbook_url: Mapped[str | None]
    target_ratio: Mapped[float]
    latency_threshold_ms: Mapped[float | None]
    window_minutes: Mapped[int]
    minimum_samples: Mapped[int]
    alert_severity: Mapped[str]
    alert_on: Mapped[str]
    objective_windows: Mapped[list[Any]] = mapped_column(JSONB)
    timezone: Mapped[str]
    is_active: Mapped[bool]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    created_by: Mapped[str]
    next_evaluation_at: Mapped[datetime]
    counted_from: Mapped[datetime]
    counted_to: Mapped[datetime]
    late_seen_at: Mapped[datetime]


class SloEvaluation(TenantRow, Base):
    """One look at one objective. Never changed; gone after the retention."""

    __tablename__ = "slo_evaluation"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "policy_id"], [*_POLICY], ondelete="CASCADE"),
        CheckConstraint(f"status IN ({sql_words(SloStatus)})", name="status_word"),
        CheckConstraint("good_samples BETWEEN 0 AND total_samples", name="good_within_total"),
        CheckConstraint(
            "corrected_good_samples BETWEEN 0 AND corrected_total_samples", name="corrected_good"
        ),
        CheckConstraint("corrected_total_samples <= total_samples", name="corrected_within_total"),
        CheckConstraint("window_end > window_start", name="window"),
        Index("ix_slo_evaluation_policy", "tenant_id", "policy_id", "created_at", "id"),
        Index("ix_slo_evaluation_newest", "tenant_id", "created_at", "id"),
        {"info": {"grants": "SELECT, INSERT, DELETE"}},
    )

    policy_id: Mapped[UUID]
    policy_key: Mapped[str]
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    target_ratio: Mapped[float]
    total_samples: Mapped[int]
    good_samples: Mapped[int]
    availability_ratio: Mapped[float]
    error_ratio: Mapped[float]
    corrected_total_samples: Mapped[int]
    corrected_good_samples: Mapped[int]
    corrected_availability_ratio: Mapped[float]
    p95_latency_ms: Mapped[float | None]
    status: Mapped[str]
    alert_triggered: Mapped[bool]
    alert_event_id: Mapped[UUID | None]
    oncall_target: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    created_at: Mapped[datetime]


class SloMinute(Base):
    """The signals of one objective in one minute (UTC). Minutes without signals have no row."""

    __tablename__ = "slo_minute"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "policy_id"], [*_POLICY], ondelete="CASCADE"),
        CheckConstraint("good BETWEEN 0 AND total", name="good_within_total"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    policy_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    total: Mapped[int]
    good: Mapped[int]


class SloCorrection(TenantRow, Base):
    """A time that does not count against an objective, from one whole minute to another. Never changed."""

    __tablename__ = "slo_correction"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "policy_id"], [*_POLICY], ondelete="CASCADE"),
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("length(reason) BETWEEN 1 AND 2000", name="reason_length"),
        Index("ix_slo_correction_policy", "tenant_id", "policy_id", "ends_at"),
        {"info": {"grants": "SELECT, INSERT, DELETE"}},
    )

    policy_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
