"""Every status word that takes an asset out of the pool becomes a block, every known health a report."""


from app.kernel.db import migrate as m

revision = "202602240039"
down_revision = "202602240038"
branch_labels = None
depends_on = None
phase = "backfill_validate"


_LATER = (
    "n.tenant_id = asset_block.tenant_id AND n.asset_id = asset_block.asset_id AND n.kind = 'MANUAL'"
    " AND n.active AND n.starts_at > asset_block.starts_at"
)


def upgrade() -> None:
    m.expect_none("asset", "health_status NOT IN ('UNKNOWN', 'HEALTHY', 'DEGRADED', 'CRITICAL')")
    m.backfill(
        "asset",
        """
        INSERT INTO asset_block (tenant_id, id, asset_id, kind, starts_at, ends_at, standing, stated, created_by,
                                 created_at, updated_at)
        SELECT a.tenant_id, gen_random_uuid(), a.id, 'MANUAL', a.updated_at,
               greatest(a.updated_at, now()) + interval '1 day', true, a.availability_status, 'system:migration',
               now(), now()
        FROM page JOIN asset a USING (tenant_id, id)
        """,
        where="availability_status <> 'AVAILABLE' AND retired_at IS NULL AND NOT EXISTS (SELECT FROM asset_block b"
        " WHERE b.tenant_id = asset.tenant_id AND b.asset_id = asset.id AND b.kind = 'MANUAL' AND b.active)",
        touches=("asset_block",),
    )
    # Where older code restated a word while a batch waited for its row, the trigger's block is the later truth.
    m.backfill(
        "asset_block",
        f"UPDATE asset_block SET ended_at = (SELECT min(n.starts_at) FROM asset_block n WHERE {_LATER}) FROM page"
        " WHERE asset_block.tenant_id = page.tenant_id AND asset_block.id = page.id",
        where=f"kind = 'MANUAL' AND active AND EXISTS (SELECT FROM asset_block n WHERE {_LATER})",
    )
    m.backfill(
        "asset",
        """
        INSERT INTO health_report (tenant_id, id, asset_id, health_status, health_score, reported_at, reported_by)
        SELECT a.tenant_id, gen_random_uuid(), a.id, a.health_status, a.health_score, a.last_health_at,
               'system:migration'
        FROM page JOIN asset a USING (tenant_id, id)
        """,
        where="last_health_at IS NOT NULL AND NOT EXISTS (SELECT FROM health_report h"
        " WHERE h.tenant_id = asset.tenant_id AND h.asset_id = asset.id)",
        touches=("health_report",),
    )


def downgrade() -> None:
    """Nothing: the words that the blocks came from were only read."""
