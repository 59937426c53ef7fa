"""Signals: what the fleet reported before."""

revision = "202602280105"
down_revision = "202602280104"
branch_labels = None
depends_on = None
phase = "backfill_validate"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
