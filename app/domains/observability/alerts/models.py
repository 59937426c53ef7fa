"""Alerts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, literal, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.observability.words import AlertStatus, Severity, Source, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

OPEN = "status <> 'CLOSED'"


class Alert(TenantRow, Versioned, Timestamped, Base):
    """One thing that is or was wrong: `key` names the rule, `subject` the object (`asset:<id>`).

    `created_at` is when it opened. `work_ref` names the work opened for it and belongs to whoever wrote it.
    `previous_id` is the alert of the same rule and object before this one. `routed_at` is null until it was decided
    who is to be told.
    """

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint(f"source IN ({sql_words(Source)})", name="source_word"),
        CheckConstraint(f"severity IN ({sql_words(Severity)})", name="severity_word"),
        CheckConstraint(f"status IN ({sql_words(AlertStatus)})", name="status_word"),
        CheckConstraint("length(title) BETWEEN 1 AND 200", name="title_length"),
        CheckConstraint("length(message) <= 500", name="message_length"),
        CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", name="closed_has_time"),
        CheckConstraint("status <> 'ACKED' OR acked_at IS NOT NULL", name="acked_has_time"),
        CheckConstraint(
            "last_seen_at >= created_at AND (closed_at IS NULL OR closed_at >= created_at)", name="in_order"
        ),
        Index(
            "uq_alert_open", "tenant_id", "source", "key", "subject", unique=True, postgresql_where=text(OPEN)
        ),
        Index("ix_alert_newest", "tenant_id", "created_at", "id"),
        Index("ix_alert_unfinished", "tenant_id", "status", "created_at", "id", postgresql_where=text(OPEN)),
        Index("ix_alert_unrouted", "tenant_id", "id", postgresql_where=text("routed_at IS NULL AND " + OPEN)),
        Index("ix_alert_source", "tenant_id", "source", "created_at", "id"),
        Index("ix_alert_subject", "tenant_id", "subject", "created_at", "id"),
        Index(
            "ix_alert_work",
            "tenant_id",
            "work_ref",
            postgresql_where=text("work_ref IS NOT NULL AND " + OPEN),
        ),
    )

    source: Mapped[str]
    key: Mapped[str]
    subject: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str] = mapped_column(default="OPEN", server_default="OPEN")
    title: Mapped[str]
    message: Mapped[str]
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    value: Mapped[float | None]
    policy_id: Mapped[UUID | None]
    rule_id: Mapped[UUID | None]
    runbook_url: Mapped[str | None]
    target: Mapped[str | None]
    work_ref: Mapped[str | None]
    previous_id: Mapped[UUID | None]
    occurrences: Mapped[int] = mapped_column(default=1, server_default="1")
    last_seen_at: Mapped[datetime]
    routed_at: Mapped[datetime | None]
    acked_at: Mapped[datetime | None]
    acked_by: Mapped[str | None]
    silenced_until: Mapped[datetime | None]
    suppressed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    close_reason: Mapped[str | None]


# Written into the statement, not bound: a plan that is kept for any value can't use an index on open alerts.
IS_OPEN = Alert.status != literal(AlertStatus.CLOSED.value, literal_execute=True)
