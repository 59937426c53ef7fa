from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

Status = Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED"]
UNFINISHED: tuple[Status, ...] = ("PENDING", "RUNNING")


class Operation(TenantRow, Versioned, Timestamped, Base):
    """One piece of long-running work.

    `attempts` counts the runs that began; the current run's number is also what fences off an older run that was
    thought dead. `started_event_id` is the cause of everything the work does.
    """

    __tablename__ = "operation"
    __table_args__ = (
        CheckConstraint(
            f"status IN ({', '.join(repr(word) for word in get_args(Status))})", name="status_known"
        ),
        CheckConstraint(
            "(status IN ('PENDING', 'RUNNING')) = (finished_at IS NULL)", name="finished_has_a_time"
        ),
        CheckConstraint("(status = 'FAILED') = (problem IS NOT NULL)", name="failure_has_a_problem"),
        Index("ix_operation_created_by", "tenant_id", "created_by", "id"),
        Index("ix_operation_subject", "tenant_id", "subject", "id"),
        Index("ix_operation_unfinished", "tenant_id", "id", postgresql_where=text("finished_at IS NULL")),
    )

    kind: Mapped[str]
    status: Mapped[str]
    subject: Mapped[str | None]
    progress: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    problem: Mapped[dict[str, Any] | None]
    created_by: Mapped[str]
    cancel_requested: Mapped[bool]
    job_id: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int]
    correlation_id: Mapped[str]
    started_event_id: Mapped[UUID]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
