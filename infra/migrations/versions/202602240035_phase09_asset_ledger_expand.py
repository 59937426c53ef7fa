"""Regions, placements and installations as dated facts, beside the columns that they will replace."""

import sqlalchemy as sa

from alembic import op
from app.kernel.db import migrate as m
from infra.migrations.shapes.fleet_first import DROP_LEDGER, LEDGER

revision = "202602240035"
down_revision = "202602240034"
branch_labels = None
depends_on = None
phase = "expand"


def _period() -> list[sa.Column]:
    return [
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
    ]


def upgrade() -> None:
    m.create_tenant_table(
        "region",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        m.tenant_fk("parent_id", "region"),
        sa.UniqueConstraint("tenant_id", "code"),
        sa.CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
        sa.Index("ix_region_path", "tenant_id", "path"),
    )
    m.create_tenant_table(
        "placement",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("region_id", sa.Uuid(), nullable=False),
        *_period(),
        m.tenant_fk("asset_id", "asset"),
        m.tenant_fk("region_id", "region"),
        sa.CheckConstraint("ends_at >= starts_at", name="period"),
        sa.Index("ix_placement_asset", "tenant_id", "asset_id", "starts_at"),
        sa.Index("ix_placement_region", "tenant_id", "region_id", postgresql_where=sa.text("ends_at IS NULL")),
    )
    m.create_tenant_table(
        "installation",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("drone_id", sa.Uuid()),
        sa.Column("parent_asset_id", sa.Uuid()),
        sa.Column("slot", sa.Text()),
        *_period(),
        m.tenant_fk("asset_id", "asset"),
        m.tenant_fk("drone_id", "drone"),
        m.tenant_fk("parent_asset_id", "asset", name="fk_installation_parent"),
        sa.CheckConstraint("num_nonnulls(drone_id, parent_asset_id) = 1", name="one_host"),
        sa.CheckConstraint("ends_at >= starts_at", name="period"),
        sa.Index("ix_installation_asset", "tenant_id", "asset_id", "starts_at"),
        sa.Index("ix_installation_drone", "tenant_id", "drone_id", "starts_at"),
    )
    m.add_column("drone", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    m.run_script(LEDGER)


def downgrade() -> None:
    m.run_script(DROP_LEDGER)
    op.drop_column("drone", "deleted_at")
    for table in ("installation", "placement", "region"):
        op.drop_table(table)
