"""Double booking is impossible from here on, by constraint."""


from app.kernel.db import migrate as m

revision = "202602240040"
down_revision = "202602240039"
branch_labels = None
depends_on = None
phase = "enforce"

_PERIOD = "tstzrange(starts_at, ends_at) WITH &&"


def upgrade() -> None:
    m.add_check_not_valid(
        "asset", "ck_asset_health_status_word", "health_status IN ('UNKNOWN', 'HEALTHY', 'DEGRADED', 'CRITICAL')"
    )
    m.add_exclusion(
        "asset_block",
        "ex_asset_block_reserved",
        "tenant_id WITH =",
        "asset_id WITH =",
        _PERIOD,
        where="active AND exclusive AND occupancy = 'RESERVED'",
    )
    m.add_exclusion(
        "asset_block",
        "ex_asset_block_occupancy",
        "tenant_id WITH =",
        "asset_id WITH =",
        "occupancy WITH <>",
        _PERIOD,
        where="active AND exclusive AND NOT at_risk",
    )
    m.validate_constraint("asset", "ck_asset_health_status_word")


def downgrade() -> None:
    m.drop_constraint("asset_block", "ex_asset_block_occupancy")
    m.drop_constraint("asset_block", "ex_asset_block_reserved")
    m.drop_constraint("asset", "ck_asset_health_status_word")
