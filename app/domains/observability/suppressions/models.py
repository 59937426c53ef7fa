"""What keeps alerts from being told: silences, maintenance windows, inhibitions. One concept, three kinds."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Suppression(TenantRow, Versioned, Timestamped, Base):
    """`matchers` name the alerts that are kept quiet.

    A SILENCE holds from `starts_at` to `ends_at`. A MAINTENANCE does too, or again every week (`weekly`). An
    INHIBITION holds for as long as an open alert fits `source_matchers` and agrees in the labels `equal`.
    """

    __tablename__ = "alert_suppression"
    __table_args__ = (
        CheckConstraint("kind IN ('SILENCE', 'MAINTENANCE', 'INHIBITION')", name="kind_word"),
        CheckConstraint("length(comment) BETWEEN 1 AND 500", name="comment_length"),
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("kind = 'INHIBITION' OR ends_at IS NOT NULL", name="ends_some_day"),
        CheckConstraint(
            "(kind = 'INHIBITION') = (source_matchers IS NOT NULL)", name="inhibition_has_source"
        ),
        CheckConstraint("weekly IS NULL OR kind = 'MAINTENANCE'", name="weekly_is_maintenance"),
        Index("ix_alert_suppression_ends", "tenant_id", "ends_at"),
    )

    kind: Mapped[str]
    matchers: Mapped[list[Any]]
    source_matchers: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    equal: Mapped[list[Any]]
    weekly: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    comment: Mapped[str]
    created_by: Mapped[str]
