"""Objectives and alerts: what the database insists on from now on."""

revision = "202602280109"
down_revision = "202602280108"
branch_labels = None
depends_on = None
phase = "enforce"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
