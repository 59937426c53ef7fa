"""Signals: what the database insists on from now on."""

revision = "202602280106"
down_revision = "202602280105"
branch_labels = None
depends_on = None
phase = "enforce"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
