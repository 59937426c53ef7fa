"""Import plans."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202604010012"
down_revision = "202604010011"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    m.create_tenant_table(
        "import_plan",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rows", JSONB(), nullable=False),
        sa.Column("changes", JSONB(), nullable=False),
        sa.Column("errors", JSONB(), nullable=False),
        sa.Column("unchanged_count", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.CheckConstraint("(status = 'APPLIED') = (applied_at IS NOT NULL)", name="applied_has_time"),
        sa.CheckConstraint("status IN ('PLANNED', 'INVALID', 'APPLIED')", name="status_word"),
        sa.Index("ix_import_plan_created", "tenant_id", "created_at", "id"),
    )


def downgrade() -> None:
    op.drop_table("import_plan")
