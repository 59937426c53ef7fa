"""Reliability: what the database insists on from now on."""

revision = "202602280112"
down_revision = "202602280111"
branch_labels = None
depends_on = None
phase = "enforce"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
