"""Every region word becomes a region and a placement, every bound drone an installation."""


from app.kernel.db import migrate as m

revision = "202602240036"
down_revision = "202602240035"
branch_labels = None
depends_on = None
phase = "backfill_validate"


def _end_where_a_later_one_began(fact: str) -> None:
    """A batch reads the asset as it was when the batch began. Where older code changed it while the batch waited for
    its row, the trigger's fact is the later truth, and the backfilled one ends where that begins.
    """
    later = f"n.tenant_id = {fact}.tenant_id AND n.asset_id = {fact}.asset_id AND n.starts_at > {fact}.starts_at"
    m.backfill(
        fact,
        f"UPDATE {fact} SET ends_at = (SELECT min(n.starts_at) FROM {fact} n WHERE {later}) FROM page"
        f" WHERE {fact}.tenant_id = page.tenant_id AND {fact}.id = page.id",
        where=f"ends_at IS NULL AND EXISTS (SELECT FROM {fact} n WHERE {later})",
    )


def upgrade() -> None:
    m.expect_none("asset", "asset_type NOT IN ('UAV', 'PAYLOAD', 'BATTERY', 'CONTROLLER', 'DOCK')")
    m.backfill(
        "asset",
        "UPDATE asset SET region_code = NULL FROM page WHERE asset.tenant_id = page.tenant_id AND asset.id = page.id",
        where="region_code IS NOT NULL AND btrim(region_code) = ''",
    )
    m.backfill(
        "asset",
        "UPDATE asset SET retired_reason = 'not recorded' FROM page"
        " WHERE asset.tenant_id = page.tenant_id AND asset.id = page.id",
        where="retired_at IS NOT NULL AND retired_reason IS NULL",
    )
    m.backfill(
        "asset",
        """
        INSERT INTO region (tenant_id, id, code, path, created_at, updated_at)
        SELECT tenant_id, id, code, replace(id::text, '-', '') || '/', now(), now()
        FROM (SELECT page.tenant_id, a.region_code AS code, gen_random_uuid() AS id
              FROM page JOIN asset a USING (tenant_id, id) GROUP BY page.tenant_id, a.region_code) AS fresh
        ON CONFLICT (tenant_id, code) DO NOTHING
        """,
        where="region_code IS NOT NULL AND NOT EXISTS (SELECT FROM region r"
        " WHERE r.tenant_id = asset.tenant_id AND r.code = asset.region_code)",
        touches=("region",),
        one_to_one=False,
    )
    m.backfill(
        "asset",
        """
        INSERT INTO placement (tenant_id, id, asset_id, region_id, starts_at)
        SELECT a.tenant_id, gen_random_uuid(), a.id, r.id, a.created_at
        FROM page JOIN asset a USING (tenant_id, id)
        JOIN region r ON r.tenant_id = a.tenant_id AND r.code = a.region_code
        """,
        where="region_code IS NOT NULL AND NOT EXISTS (SELECT FROM placement p"
        " WHERE p.tenant_id = asset.tenant_id AND p.asset_id = asset.id)",
        touches=("placement", "region"),
    )
    m.backfill(
        "asset",
        """
        INSERT INTO installation (tenant_id, id, asset_id, drone_id, starts_at, ends_at)
        SELECT a.tenant_id, gen_random_uuid(), a.id, a.bound_to_drone_id, coalesce(a.bound_at, a.created_at),
               CASE WHEN a.retired_at IS NOT NULL THEN greatest(a.retired_at, a.bound_at, a.created_at) END
        FROM page JOIN asset a USING (tenant_id, id)
        """,
        where="bound_to_drone_id IS NOT NULL AND NOT EXISTS (SELECT FROM installation i"
        " WHERE i.tenant_id = asset.tenant_id AND i.asset_id = asset.id)",
        touches=("installation",),
    )
    for fact in ("placement", "installation"):
        _end_where_a_later_one_began(fact)


def downgrade() -> None:
    """Nothing: the columns that the facts came from were only read."""
