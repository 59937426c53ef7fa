"""Escalation: which steps follow when nobody takes an alert on, and when each is due."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class EscalationPolicy(TenantRow, Versioned, Timestamped, Base):
    """`steps` are documents of `schemas.Step`. Of the active policies that fit an alert, the first by name holds."""

    __tablename__ = "escalation_policy"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
    )

    name: Mapped[str]
    matchers: Mapped[list[Any]]
    steps: Mapped[list[Any]]
    is_active: Mapped[bool]


class EscalationTimer(Base):
    """One step that waits for one alert. The row goes when the step was done, or is no longer needed."""

    __tablename__ = "escalation_timer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "policy_id"],
            ["escalation_policy.tenant_id", "escalation_policy.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["tenant_id", "alert_id"], ["alert.tenant_id", "alert.id"], ondelete="CASCADE"),
        CheckConstraint("step >= 0", name="step_counts"),
        Index("ix_escalation_timer_due", "tenant_id", "due_at"),
        Index("ix_escalation_timer_policy", "tenant_id", "policy_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    policy_id: Mapped[UUID]
    due_at: Mapped[datetime]
    target: Mapped[dict[str, Any]]
