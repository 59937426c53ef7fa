"""Backup runs, and the drills that tried to restore them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.observability.words import sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class RunType(StrEnum):
    FULL = "FULL"
    INCREMENTAL = "INCREMENTAL"


class BackupStatus(StrEnum):
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class DrillStatus(StrEnum):
    RUNNING = "RUNNING"
    PASSED = "PASSED"
    FAILED = "FAILED"


class BackupRun(TenantRow, Versioned, Timestamped, Base):
    """One backup. `detail` is the caller's, every other column is a fact.

    `checksum` is the SHA-256 of the manifest. `parent_id` is the run whose artefact this one builds on; a run
    without one holds everything. `bytes_verified_at` (the files are what was written) and `restore_verified_at`
    (they were restored and compared) are two facts. `expired_at`: the artefact was deleted by retention.
    """

    __tablename__ = "backup_run"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["backup_run.tenant_id", "backup_run.id"],
            name="fk_backup_run_parent",
        ),
        CheckConstraint(f"run_type IN ({sql_words(RunType)})", name="run_type_word"),
        CheckConstraint(f"status IN ({sql_words(BackupStatus)})", name="status_word"),
        CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="completed_has_time"),
        CheckConstraint(
            "restore_verified_at IS NULL OR bytes_verified_at IS NOT NULL", name="restored_means_read"
        ),
        Index("ix_backup_run_newest", "tenant_id", "created_at", "id"),
        Index("ix_backup_run_parent", "tenant_id", "parent_id"),
    )

    run_type: Mapped[str]
    status: Mapped[str]
    storage_uri: Mapped[str | None]
    checksum: Mapped[str | None]
    is_drill: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    triggered_by: Mapped[str]
    operation_id: Mapped[UUID | None]
    parent_id: Mapped[UUID | None]
    chain_length: Mapped[int] = mapped_column(default=1, server_default="1")
    schema_revision: Mapped[str | None]
    snapshot_at: Mapped[datetime | None]
    table_count: Mapped[int | None]
    row_count: Mapped[int | None] = mapped_column(BigInteger)
    changed_rows: Mapped[int | None] = mapped_column(BigInteger)
    deleted_rows: Mapped[int | None] = mapped_column(BigInteger)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    completed_at: Mapped[datetime | None]
    bytes_verified_at: Mapped[datetime | None]
    restore_verified_at: Mapped[datetime | None]
    expired_at: Mapped[datetime | None]


class RestoreDrill(TenantRow, Versioned, Timestamped, Base):
    """One try to restore a backup. Seconds: `actual_rto_seconds` from the first byte read to a usable database,
    `rpo_seconds` from the backup's snapshot to the start of the drill."""

    __tablename__ = "restore_drill"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "backup_run_id"], ["backup_run.tenant_id", "backup_run.id"]),
        CheckConstraint(f"status IN ({sql_words(DrillStatus)})", name="status_word"),
        CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="completed_has_time"),
        CheckConstraint("objective_rto_seconds > 0", name="objective_positive"),
        Index("ix_restore_drill_newest", "tenant_id", "created_at", "id"),
        Index("ix_restore_drill_run", "tenant_id", "backup_run_id"),
    )

    backup_run_id: Mapped[UUID]
    status: Mapped[str]
    objective_rto_seconds: Mapped[float]
    actual_rto_seconds: Mapped[float | None]
    rpo_seconds: Mapped[float | None]
    table_count: Mapped[int | None]
    row_count: Mapped[int | None] = mapped_column(BigInteger)
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    executed_by: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    operation_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
