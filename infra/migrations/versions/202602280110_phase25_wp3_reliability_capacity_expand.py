"""Backups, drills, inspections and capacity: their tables."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202602280110"
down_revision = "202602280109"
branch_labels = None
depends_on = None
phase = "expand"


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _versioned() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        _time("created_at", nullable=False),
        _time("updated_at", nullable=False),
    )


def _backups() -> None:
    m.create_tenant_table(
        "backup_run",
        sa.Column("run_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("storage_uri", sa.Text()),
        sa.Column("checksum", sa.Text()),
        sa.Column("is_drill", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("triggered_by", sa.Text(), nullable=False),
        sa.Column("operation_id", sa.Uuid()),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("chain_length", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("schema_revision", sa.Text()),
        _time("snapshot_at"),
        sa.Column("table_count", sa.Integer()),
        sa.Column("row_count", sa.BigInteger()),
        sa.Column("changed_rows", sa.BigInteger()),
        sa.Column("deleted_rows", sa.BigInteger()),
        sa.Column("size_bytes", sa.BigInteger()),
        sa.Column("reason_code", sa.Text()),
        sa.Column("reason", sa.Text()),
        _time("completed_at"),
        _time("bytes_verified_at"),
        _time("restore_verified_at"),
        _time("expired_at"),
        *_versioned(),
        m.tenant_fk("parent_id", "backup_run", name="fk_backup_run_parent"),
        sa.CheckConstraint("run_type IN ('FULL', 'INCREMENTAL')", name="run_type_word"),
        sa.CheckConstraint("status IN ('RUNNING', 'SUCCESS', 'FAILED')", name="status_word"),
        sa.CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="completed_has_time"),
        sa.CheckConstraint(
            "restore_verified_at IS NULL OR bytes_verified_at IS NOT NULL", name="restored_means_read"
        ),
        sa.Index("ix_backup_run_newest", "tenant_id", "created_at", "id"),
        sa.Index("ix_backup_run_parent", "tenant_id", "parent_id"),
    )
    m.create_tenant_table(
        "restore_drill",
        sa.Column("backup_run_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("objective_rto_seconds", sa.Float(), nullable=False),
        sa.Column("actual_rto_seconds", sa.Float()),
        sa.Column("rpo_seconds", sa.Float()),
        sa.Column("table_count", sa.Integer()),
        sa.Column("row_count", sa.BigInteger()),
        sa.Column("reason_code", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("executed_by", sa.Text(), nullable=False),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("operation_id", sa.Uuid()),
        _time("started_at"),
        _time("completed_at"),
        *_versioned(),
        m.tenant_fk("backup_run_id", "backup_run"),
        sa.CheckConstraint("status IN ('RUNNING', 'PASSED', 'FAILED')", name="status_word"),
        sa.CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="completed_has_time"),
        sa.CheckConstraint("objective_rto_seconds > 0", name="objective_positive"),
        sa.Index("ix_restore_drill_newest", "tenant_id", "created_at", "id"),
        sa.Index("ix_restore_drill_run", "tenant_id", "backup_run_id"),
    )


def upgrade() -> None:
    _backups()


def downgrade() -> None:
    op.drop_table("restore_drill")
    op.drop_table("backup_run")
