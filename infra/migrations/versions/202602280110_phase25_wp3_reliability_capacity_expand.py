"""Backups, drills, inspections and capacity: their tables; when users signed in last."""

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


def _count(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _object(name: str) -> sa.Column:
    return sa.Column(name, JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))


def _words(name: str) -> sa.Column:
    return sa.Column(name, sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'"))


def _versioned() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        _time("created_at", nullable=False),
        _time("updated_at", nullable=False),
    )


def _inspections() -> None:
    m.create_tenant_table(
        "inspection_run",
        sa.Column("baseline_version", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default="RUNNING"),
        _count("total_checks"),
        _count("passed_checks"),
        _count("warned_checks"),
        _count("failed_checks"),
        sa.Column("score_percent", sa.Float()),
        sa.Column("previous_id", sa.Uuid()),
        sa.Column("score_change", sa.Float()),
        _words("new_failures"),
        _words("fixed"),
        _object("not_applicable"),
        sa.Column("audit_seq", sa.BigInteger()),
        sa.Column("audit_hash", sa.LargeBinary()),
        sa.Column("executed_by", sa.Text(), nullable=False),
        _time("completed_at"),
        *_versioned(),
        sa.CheckConstraint("length(baseline_version) BETWEEN 1 AND 100", name="baseline_version_length"),
        sa.CheckConstraint("status IN ('RUNNING', 'COMPLETED', 'FAILED')", name="status_word"),
        sa.CheckConstraint(
            "total_checks = passed_checks + warned_checks + failed_checks", name="counts_add_up"
        ),
        sa.CheckConstraint("score_percent BETWEEN 0 AND 100", name="score_percent_range"),
        sa.CheckConstraint("(status = 'RUNNING') = (completed_at IS NULL)", name="ended_has_time"),
        sa.CheckConstraint("octet_length(audit_hash) = 32", name="audit_hash_is_sha256"),
        sa.Index("ix_inspection_run_newest", "tenant_id", "created_at", "id"),
    )
    m.create_tenant_table(
        "inspection_item",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("check_key", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        _object("evidence"),
        sa.Column("waived", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        _time("created_at", nullable=False),
        m.tenant_fk("run_id", "inspection_run", ondelete="CASCADE"),
        sa.UniqueConstraint("tenant_id", "run_id", "check_key"),
        sa.CheckConstraint("status IN ('PASS', 'WARN', 'FAIL')", name="status_word"),
        sa.CheckConstraint("severity IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')", name="severity_word"),
        sa.CheckConstraint("length(message) BETWEEN 1 AND 500", name="message_length"),
        grants="SELECT, INSERT",
    )
    m.create_tenant_table(
        "inspection_waiver",
        sa.Column("check_key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _time("expires_at", nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        *_versioned(),
        sa.UniqueConstraint("tenant_id", "check_key"),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 2000", name="reason_length"),
    )
    m.add_column("identity_user", _time("last_sign_in_at"))


def _drop_inspections() -> None:
    op.drop_column("identity_user", "last_sign_in_at")
    for table in ("inspection_waiver", "inspection_item", "inspection_run"):
        op.drop_table(table)


def upgrade() -> None:
    _inspections()


def downgrade() -> None:
    _drop_inspections()
