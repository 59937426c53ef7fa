"""Alerts for what is wrong already: assets that are CRITICAL, and work orders that are overdue.

The rules and the words are those of the release that comes with this migration. Where the release before it writes
meanwhile, and after, that release's watch over the fleet puts the alerts right.
"""

from app.kernel.db import migrate as m

revision = "202602280108"
down_revision = "202602280107"
branch_labels = None
depends_on = None
phase = "backfill_validate"

_COLUMNS = (
    "tenant_id, id, source, key, subject, severity, title, message, labels, value, last_seen_at, created_at,"
    " updated_at"
)
_ONE_EACH = "ON CONFLICT (tenant_id, source, key, subject) WHERE status <> 'CLOSED' DO NOTHING"
_DUE = "coalesce(expected_end_at, created_at + interval '7 days')"


def _untold(table: str, kind: str, key: str) -> str:
    return (
        f"NOT EXISTS (SELECT FROM alert l WHERE l.tenant_id = {table}.tenant_id AND l.source = 'ASSETS'"
        f" AND l.key = '{key}' AND l.subject = '{kind}:' || {table}.id AND l.status <> 'CLOSED')"
    )


def upgrade() -> None:
    m.backfill(
        "asset",
        f"""
        INSERT INTO alert ({_COLUMNS})
        SELECT a.tenant_id, gen_random_uuid(), 'ASSETS', 'asset.health', 'asset:' || a.id, 'P1',
               left(a.asset_code || ' is CRITICAL', 200),
               left(a.asset_type || ' ' || a.asset_code || ' (' || a.name || ') was reported CRITICAL'
                    || coalesce(' with a score of ' || a.health_score, '') || '.', 500),
               jsonb_build_object('asset_code', a.asset_code, 'asset_type', a.asset_type), a.health_score,
               now(), now(), now()
        FROM page JOIN asset a USING (tenant_id, id)
        {_ONE_EACH}
        """,
        where="health_status = 'CRITICAL' AND retired_at IS NULL AND " + _untold("asset", "asset", "asset.health"),
        touches=("alert",),
        one_to_one=False,
    )
    m.backfill(
        "work_order",
        f"""
        INSERT INTO alert ({_COLUMNS})
        SELECT o.tenant_id, gen_random_uuid(), 'ASSETS', 'work_order.overdue', 'workorder:' || o.id, 'P2',
               left('Work order overdue: ' || o.title, 200),
               'It should have been finished by '
               || to_char(coalesce(o.expected_end_at, o.created_at + interval '7 days') AT TIME ZONE 'UTC',
                          'YYYY-MM-DD HH24:MI')
               || ' UTC and is ' || o.status || '.',
               jsonb_build_object('asset_code', a.asset_code, 'asset_type', a.asset_type), NULL,
               now(), now(), now()
        FROM page JOIN work_order o USING (tenant_id, id)
        JOIN asset a ON a.tenant_id = o.tenant_id AND a.id = o.asset_id
        {_ONE_EACH}
        """,
        where=f"status IN ('OPEN', 'IN_PROGRESS') AND {_DUE} <= now() AND "
        + _untold("work_order", "workorder", "work_order.overdue"),
        touches=("alert", "asset"),
        one_to_one=False,
    )


def downgrade() -> None:
    """Nothing: the alerts go with their table."""
