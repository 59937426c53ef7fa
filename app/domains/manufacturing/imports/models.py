"""Import plans: what a file would change, kept until it is applied."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from app.kernel.db.base import Base, TenantRow, Versioned


class ImportPlan(TenantRow, Versioned, Base):
    """`rows` is the file as it was read; `changes` and `errors` are what planning found."""

    __tablename__ = "import_plan"
    __table_args__ = (
        CheckConstraint("status IN ('PLANNED', 'INVALID', 'APPLIED')", name="status_word"),
        CheckConstraint("(status = 'APPLIED') = (applied_at IS NOT NULL)", name="applied_has_time"),
        Index("ix_import_plan_created", "tenant_id", "created_at", "id"),
    )

    kind: Mapped[str]
    file_name: Mapped[str | None]
    status: Mapped[str]
    rows: Mapped[list[Any]]
    changes: Mapped[list[Any]]
    errors: Mapped[list[Any]]
    unchanged_count: Mapped[int]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]
