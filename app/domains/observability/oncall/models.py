"""Who answers when."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class OncallShift(TenantRow, Versioned, Timestamped, Base):
    """Who answers between two instants; where shifts overlap, the one that began last does."""

    __tablename__ = "oncall_shift"
    __table_args__ = (
        CheckConstraint("length(shift_name) BETWEEN 1 AND 100", name="shift_name_length"),
        CheckConstraint("length(target) BETWEEN 1 AND 200", name="target_length"),
        CheckConstraint("ends_at > starts_at", name="period"),
        Index("ix_oncall_shift_ends", "tenant_id", "ends_at"),
    )

    shift_name: Mapped[str]
    target: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    timezone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    created_by: Mapped[str]
