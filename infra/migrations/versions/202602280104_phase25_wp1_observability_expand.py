"""Signals: their tables."""

revision = "202602280104"
down_revision = "202602240044"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
