"""When users signed in last."""

revision = "202602280111"
down_revision = "202602280110"
branch_labels = None
depends_on = None
phase = "backfill_validate"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
