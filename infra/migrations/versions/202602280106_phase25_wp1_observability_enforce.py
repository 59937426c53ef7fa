"""Signals: each names the batch it came in."""

from alembic import op
from app.kernel.db import migrate as m

revision = "202602280106"
down_revision = "202602280105"
branch_labels = None
depends_on = None
phase = "enforce"
squawk_allows = {
    "ban-drop-constraint": "the check that proved NOT NULL without a lock goes once NOT NULL stands",
}


def upgrade() -> None:
    m.set_not_null("signal", "batch_id")


def downgrade() -> None:
    op.alter_column("signal", "batch_id", nullable=True)
