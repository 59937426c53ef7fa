"""Work begun is dated from its history, assignees become users, and work in progress holds its asset."""


from app.kernel.db import migrate as m

revision = "202602240042"
down_revision = "202602240041"
branch_labels = None
depends_on = None
phase = "backfill_validate"

_SAME = "work_order.tenant_id = page.tenant_id AND work_order.id = page.id"
_USER = (
    "SELECT u.id FROM identity_user u WHERE u.tenant_id = work_order.tenant_id"
    " AND (u.username = work_order.assigned_to OR u.id::text = work_order.assigned_to) LIMIT 1"
)


def upgrade() -> None:
    m.backfill(
        "work_order",
        f"UPDATE work_order SET assigned_user_id = ({_USER}) FROM page WHERE {_SAME}",
        where=f"assigned_user_id IS NULL AND assigned_to IS NOT NULL AND EXISTS ({_USER})",
        touches=("identity_user",),
    )
    m.backfill(
        "work_order",
        f"UPDATE work_order SET closed_at = updated_at FROM page WHERE {_SAME}",
        where="status = 'CLOSED' AND closed_at IS NULL",
    )
    m.backfill(
        "work_order",
        f"""
        UPDATE work_order SET started_at = coalesce(
            (SELECT min(h.created_at) FROM work_order_history h
             WHERE h.tenant_id = work_order.tenant_id AND h.work_order_id = work_order.id
               AND h.to_status = 'IN_PROGRESS'),
            closed_at, updated_at)
        FROM page WHERE {_SAME}
        """,
        where="status IN ('IN_PROGRESS', 'CLOSED') AND started_at IS NULL",
        touches=("work_order_history",),
    )
    m.backfill(
        "work_order",
        """
        INSERT INTO asset_block (tenant_id, id, asset_id, kind, starts_at, ends_at, standing, reason, work_order_id,
                                 created_by, created_at, updated_at)
        SELECT w.tenant_id, gen_random_uuid(), w.asset_id, 'MAINTENANCE', w.started_at,
               greatest(w.started_at, now()) + interval '1 day', true, w.title, w.id, 'system:migration', now(), now()
        FROM page JOIN work_order w USING (tenant_id, id)
        """,
        where="status = 'IN_PROGRESS' AND NOT EXISTS (SELECT FROM asset_block b"
        " WHERE b.tenant_id = work_order.tenant_id AND b.work_order_id = work_order.id)",
        touches=("asset_block",),
    )
    m.backfill(
        "work_order",
        f"UPDATE work_order SET closed_at = NULL, closed_by = NULL FROM page WHERE {_SAME}",
        where="status <> 'CLOSED' AND closed_at IS NOT NULL",
    )


def downgrade() -> None:
    """Nothing: `assigned_to` and the history were only read."""
