"""Backups, drills, inspections and capacity: their tables."""

revision = "202602280110"
down_revision = "202602280109"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
