"""What a meter may use, and what was forecast of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.observability.capacity.words import Decision, Method
from app.domains.observability.words import sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class CapacityPolicy(TenantRow, Versioned, Timestamped, Base):
    """The bounds of one meter. Percentages are of what the current replicas can do."""

    __tablename__ = "capacity_policy"
    __table_args__ = (
        UniqueConstraint("tenant_id", "meter_key"),
        CheckConstraint("length(meter_key) BETWEEN 1 AND 120", name="meter_key_length"),
        CheckConstraint("target_utilization_pct BETWEEN 1 AND 100", name="target_utilization_range"),
        CheckConstraint("scale_out_threshold_pct BETWEEN 1 AND 100", name="scale_out_range"),
        CheckConstraint("scale_in_threshold_pct BETWEEN 1 AND 100", name="scale_in_range"),
        CheckConstraint("scale_in_threshold_pct < scale_out_threshold_pct", name="thresholds"),
        CheckConstraint("current_replicas BETWEEN min_replicas AND max_replicas", name="replicas"),
        CheckConstraint("min_replicas >= 0", name="min_replicas_range"),
        CheckConstraint("exhaustion_limit > 0", name="exhaustion_limit_range"),
        CheckConstraint("alert_horizon_days BETWEEN 1 AND 366", name="alert_horizon_range"),
    )

    meter_key: Mapped[str]
    target_utilization_pct: Mapped[float]
    scale_out_threshold_pct: Mapped[float]
    scale_in_threshold_pct: Mapped[float]
    min_replicas: Mapped[int]
    max_replicas: Mapped[int]
    current_replicas: Mapped[int]
    exhaustion_limit: Mapped[float]
    alert_horizon_days: Mapped[int | None]
    is_active: Mapped[bool]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    updated_by: Mapped[str]


class CapacityForecast(TenantRow, Base):
    """What was forecast for one window, how sure it was, and, once the window is over, what came."""

    __tablename__ = "capacity_forecast"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "policy_id"],
            ["capacity_policy.tenant_id", "capacity_policy.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint(f"decision IN ({sql_words(Decision)})", name="decision_word"),
        CheckConstraint(f"method IN ({sql_words(Method)})", name="method_word"),
        CheckConstraint("window_end > window_start", name="window"),
        CheckConstraint("lower_usage <= upper_usage", name="interval"),
        CheckConstraint("(predicted_usage IS NULL) = (method = 'NONE')", name="predicted_by_a_method"),
        Index("ix_capacity_forecast_policy", "tenant_id", "policy_id", "generated_at", "id"),
        Index("ix_capacity_forecast_meter", "tenant_id", "meter_key", "generated_at", "id"),
        Index("ix_capacity_forecast_newest", "tenant_id", "generated_at", "id"),
        Index(
            "ix_capacity_forecast_unscored",
            "tenant_id",
            "window_end",
            postgresql_where=text("scored_at IS NULL AND predicted_usage IS NOT NULL"),
        ),
    )

    policy_id: Mapped[UUID]
    meter_key: Mapped[str]
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    sample_start: Mapped[datetime]
    sample_count: Mapped[int]
    method: Mapped[str]
    predicted_usage: Mapped[float | None]
    lower_usage: Mapped[float | None]
    upper_usage: Mapped[float | None]
    peak_usage: Mapped[float | None]
    peak_upper_usage: Mapped[float | None]
    interval_level: Mapped[float]
    backtest: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    exhaustion: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'::jsonb"), default=dict
    )
    current_replicas: Mapped[int]
    recommended_replicas: Mapped[int]
    decision: Mapped[str]
    actual_usage: Mapped[float | None]
    scored_at: Mapped[datetime | None]
    generated_at: Mapped[datetime]
    created_at: Mapped[datetime]
