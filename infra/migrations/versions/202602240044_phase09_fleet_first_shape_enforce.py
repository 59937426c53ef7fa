"""The first shape leaves: its columns and the triggers that served its code. For the release after the triplets."""

import sqlalchemy as sa

from alembic import op
from app.kernel.db import migrate as m
from infra.migrations.shapes.fleet_first import AVAILABILITY, DROP_AVAILABILITY, DROP_LEDGER, LEDGER

revision = "202602240044"
down_revision = "202602240043"
branch_labels = None
depends_on = None
phase = "enforce"
squawk_allows = {
    "ban-drop-column": "no release that reads the first shape is left when this one runs",
    "ban-drop-function": "the triggers' functions go with the columns they watched",
}

_WORDS_FROM_FACTS = """
UPDATE asset SET region_code = r.code FROM placement p JOIN region r USING (tenant_id)
WHERE p.tenant_id = asset.tenant_id AND p.asset_id = asset.id AND p.ends_at IS NULL AND r.id = p.region_id;
UPDATE asset SET bound_to_drone_id = i.drone_id, bound_at = i.starts_at FROM installation i
WHERE i.tenant_id = asset.tenant_id AND i.asset_id = asset.id AND i.ends_at IS NULL;
UPDATE asset SET availability_status = b.stated FROM asset_block b
WHERE b.tenant_id = asset.tenant_id AND b.asset_id = asset.id AND b.active AND b.kind = 'MANUAL';
"""


def upgrade() -> None:
    m.run_script(DROP_AVAILABILITY)
    m.run_script(DROP_LEDGER)
    for column in ("availability_status", "region_code", "bound_to_drone_id", "bound_at"):
        op.drop_column("asset", column)


def downgrade() -> None:
    m.add_column("asset", sa.Column("availability_status", sa.Text(), nullable=False, server_default="AVAILABLE"))
    m.add_column("asset", sa.Column("region_code", sa.Text()))
    m.add_column("asset", sa.Column("bound_to_drone_id", sa.Uuid()))
    m.add_column("asset", sa.Column("bound_at", sa.DateTime(timezone=True)))
    m.add_foreign_key_not_valid("asset", "fk_asset_drone", "bound_to_drone_id", "drone")
    with m.every_row_of("asset", "placement", "region", "installation", "asset_block"):
        m.run_script(_WORDS_FROM_FACTS)
    m.run_script(LEDGER)
    m.run_script(AVAILABILITY)
    m.validate_constraint("asset", "fk_asset_drone")
