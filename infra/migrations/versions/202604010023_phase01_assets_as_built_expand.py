"""What assets were made of when they left production."""

import sqlalchemy as sa

from alembic import op
from app.kernel.db import migrate as m

revision = "202604010023"
down_revision = "202604010022"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    m.create_tenant_table(
        "asset_as_built",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        m.tenant_fk("asset_id", "asset"),
        sa.UniqueConstraint("tenant_id", "asset_id"),
        sa.UniqueConstraint("tenant_id", "lot_id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "asset_as_built_part",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("item_code", sa.Text(), nullable=False),
        sa.Column("lot_id", sa.Uuid()),
        sa.Column("lot_code", sa.Text()),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        m.tenant_fk("asset_id", "asset"),
        sa.UniqueConstraint("tenant_id", "asset_id", "position"),
        sa.Index("ix_asset_as_built_part_item", "tenant_id", "item_id"),
        sa.Index("ix_asset_as_built_part_lot", "tenant_id", "lot_id"),
        insert_only=True,
    )


def downgrade() -> None:
    op.drop_table("asset_as_built_part")
    op.drop_table("asset_as_built")
