"""Operations: what long work is doing, and how it ended."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.kernel.db import migrate as m

revision = "202602010004"
down_revision = "202602010003"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    m.create_tenant_table(
        "operation",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("progress", JSONB(), nullable=False),
        sa.Column("result", JSONB()),
        sa.Column("problem", JSONB()),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("started_event_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED')", name="status_known"
        ),
        sa.CheckConstraint("(status IN ('PENDING', 'RUNNING')) = (finished_at IS NULL)", name="finished_has_a_time"),
        sa.CheckConstraint("(status = 'FAILED') = (problem IS NOT NULL)", name="failure_has_a_problem"),
        sa.Index("ix_operation_created_by", "tenant_id", "created_by", "id"),
        sa.Index("ix_operation_subject", "tenant_id", "subject", "id"),
        sa.Index(
            "ix_operation_unfinished", "tenant_id", "id", postgresql_where=sa.text("finished_at IS NULL")
        ),
    )


def downgrade() -> None:
    op.drop_table("operation")
