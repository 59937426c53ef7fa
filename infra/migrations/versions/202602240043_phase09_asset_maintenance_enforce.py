"""No work order is closed without a record of when work began."""


from app.kernel.db import migrate as m

revision = "202602240043"
down_revision = "202602240042"
branch_labels = None
depends_on = None
phase = "enforce"

_CHECKS = {
    "ck_work_order_closed_was_started": "status <> 'CLOSED' OR started_at IS NOT NULL",
    "ck_work_order_closed_has_time": "(status = 'CLOSED') = (closed_at IS NOT NULL)",
    "ck_work_order_title_length": "length(title) BETWEEN 1 AND 200",
}


def upgrade() -> None:
    for name, rule in _CHECKS.items():
        m.add_check_not_valid("work_order", name, rule)
    for name in (*_CHECKS, "fk_work_order_identity_user"):
        m.validate_constraint("work_order", name)
    m.add_index_concurrently("work_order", "ix_work_order_asset", ["tenant_id", "asset_id", "status"])


def downgrade() -> None:
    m.drop_index_concurrently("ix_work_order_asset")
    for name in _CHECKS:
        m.drop_constraint("work_order", name)
