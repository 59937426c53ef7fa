"""Objectives and alerts: what the database insists on from now on."""

from app.kernel.db import migrate as m

revision = "202602280109"
down_revision = "202602280108"
branch_labels = None
depends_on = None
phase = "enforce"


def upgrade() -> None:
    m.add_check_not_valid(
        "alert", "ck_alert_in_order", "last_seen_at >= created_at AND (closed_at IS NULL OR closed_at >= created_at)"
    )
    m.validate_constraint("alert", "ck_alert_in_order")


def downgrade() -> None:
    m.drop_constraint("alert", "ck_alert_in_order")
