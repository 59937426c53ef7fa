"""What a work order must know: when work began, until when, who does it, and whether it holds its asset."""

import sqlalchemy as sa

from alembic import op
from app.kernel.db import migrate as m

revision = "202602240041"
down_revision = "202602240040"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    m.add_column("work_order", sa.Column("blocks_asset", sa.Boolean()))
    m.add_column("work_order", sa.Column("assigned_user_id", sa.Uuid()))
    m.add_column("work_order", sa.Column("expected_end_at", sa.DateTime(timezone=True)))
    m.add_column("work_order", sa.Column("started_at", sa.DateTime(timezone=True)))
    m.add_foreign_key_not_valid(
        "work_order",
        "fk_work_order_identity_user",
        "assigned_user_id",
        "identity_user",
        ondelete="SET NULL (assigned_user_id)",
    )


def downgrade() -> None:
    m.drop_constraint("work_order", "fk_work_order_identity_user")
    for column in ("started_at", "expected_end_at", "assigned_user_id", "blocks_asset"):
        op.drop_column("work_order", column)
