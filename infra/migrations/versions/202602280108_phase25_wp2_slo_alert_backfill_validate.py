"""Alerts for what is wrong already."""

revision = "202602280108"
down_revision = "202602280107"
branch_labels = None
depends_on = None
phase = "backfill_validate"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
