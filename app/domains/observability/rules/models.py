"""Alert rules, and what their last evaluation found about each object."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.observability.words import Severity, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class AlertRule(TenantRow, Versioned, Timestamped, Base):
    """`condition` is the document of `schemas.Condition`; `kind` and `event_type` repeat what is searched by."""

    __tablename__ = "alert_rule"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint("kind IN ('threshold', 'absence', 'event')", name="kind_word"),
        CheckConstraint(f"severity IN ({sql_words(Severity)})", name="severity_word"),
        Index("ix_alert_rule_kind", "tenant_id", "kind", postgresql_where=text("is_active")),
    )

    name: Mapped[str]
    kind: Mapped[str]
    severity: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    title_template: Mapped[str]
    message_template: Mapped[str]
    runbook_url: Mapped[str | None]
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    condition: Mapped[dict[str, Any]]
    created_by: Mapped[str]


class AlertRuleState(Base):
    """One object under a rule: since when its condition holds, and whether it did for long enough."""

    __tablename__ = "alert_rule_state"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "rule_id"], ["alert_rule.tenant_id", "alert_rule.id"], ondelete="CASCADE"
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    object: Mapped[str] = mapped_column(primary_key=True)
    pending_since: Mapped[datetime]
    firing: Mapped[bool]
    value: Mapped[float | None] = mapped_column(Float)
    evaluated_at: Mapped[datetime]
