"""Inspections: a run, what each of its checks found, and which checks are waived."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.domains.observability.inspections.words import CheckStatus, InspectionStatus, Weight
from app.domains.observability.words import sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class InspectionRun(TenantRow, Versioned, Timestamped, Base):
    """`new_failures` and `fixed` compare with `previous_id`, the completed run before this one.

    `audit_seq` and `audit_hash` are how far the audit chain was found intact: where the next run goes on from.
    """

    __tablename__ = "inspection_run"
    __table_args__ = (
        CheckConstraint("length(baseline_version) BETWEEN 1 AND 100", name="baseline_version_length"),
        CheckConstraint(f"status IN ({sql_words(InspectionStatus)})", name="status_word"),
        CheckConstraint("total_checks = passed_checks + warned_checks + failed_checks", name="counts_add_up"),
        CheckConstraint("score_percent BETWEEN 0 AND 100", name="score_percent_range"),
        CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="ended_has_time"),
        CheckConstraint("octet_length(audit_hash) = 32", name="audit_hash_is_sha256"),
        Index("ix_inspection_run_newest", "tenant_id", "created_at", "id"),
    )

    baseline_version: Mapped[str]
    status: Mapped[str] = mapped_column(default="RUNNING", server_default="RUNNING")
    total_checks: Mapped[int] = mapped_column(default=0, server_default="0")
    passed_checks: Mapped[int] = mapped_column(default=0, server_default="0")
    warned_checks: Mapped[int] = mapped_column(default=0, server_default="0")
    failed_checks: Mapped[int] = mapped_column(default=0, server_default="0")
    score_percent: Mapped[float | None]
    previous_id: Mapped[UUID | None]
    score_change: Mapped[float | None]
    new_failures: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)
    fixed: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)
    not_applicable: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'::jsonb"), default=dict
    )
    audit_seq: Mapped[int | None] = mapped_column(BigInteger)
    audit_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    executed_by: Mapped[str]
    completed_at: Mapped[datetime | None]


class InspectionItem(TenantRow, Base):
    """What one check found. `evidence` is what it looked at, never a secret."""

    __tablename__ = "inspection_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["inspection_run.tenant_id", "inspection_run.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "run_id", "check_key"),
        CheckConstraint(f"status IN ({sql_words(CheckStatus)})", name="status_word"),
        CheckConstraint(f"severity IN ({sql_words(Weight)})", name="severity_word"),
        CheckConstraint("length(message) BETWEEN 1 AND 500", name="message_length"),
        {"info": {"grants": "SELECT, INSERT"}},
    )

    run_id: Mapped[UUID]
    check_key: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str]
    message: Mapped[str]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    waived: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    created_at: Mapped[datetime]


class InspectionWaiver(TenantRow, Versioned, Timestamped, Base):
    """Somebody accepts what a check finds, until a day: it raises no alert. Status and score stay what they are."""

    __tablename__ = "inspection_waiver"
    __table_args__ = (
        UniqueConstraint("tenant_id", "check_key"),
        CheckConstraint("length(reason) BETWEEN 1 AND 2000", name="reason_length"),
    )

    check_key: Mapped[str]
    reason: Mapped[str]
    expires_at: Mapped[datetime]
    created_by: Mapped[str]
