"""The one timeline, reservations and health reports; a status word written by older code becomes a block."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m
from infra.migrations.shapes.fleet_first import AVAILABILITY, DROP_AVAILABILITY

revision = "202602240038"
down_revision = "202602240037"
branch_labels = None
depends_on = None
phase = "expand"

_STATED = "stated IN ('AVAILABLE', 'RESERVED', 'IN_USE', 'MAINTENANCE', 'UNAVAILABLE')"


def _stamps() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def upgrade() -> None:
    m.create_tenant_table(
        "reservation",
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text()),
        sa.Column("reserved_by", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        *_stamps(),
        sa.CheckConstraint("status IN ('CONFIRMED', 'CANCELED')", name="status_word"),
        sa.Index("ix_reservation_created", "tenant_id", "created_at", "id"),
    )
    m.create_tenant_table(
        "health_report",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("health_status", sa.Text(), nullable=False),
        sa.Column("health_score", sa.Integer()),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        m.tenant_fk("asset_id", "asset"),
        sa.CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score_range"),
        sa.CheckConstraint(
            "health_status IN ('UNKNOWN', 'HEALTHY', 'DEGRADED', 'CRITICAL')", name="health_status_word"
        ),
        sa.Index("ix_health_report_asset", "tenant_id", "asset_id", "reported_at"),
        insert_only=True,
    )
    m.create_tenant_table(
        "asset_block",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "occupancy",
            sa.Text(),
            sa.Computed("CASE WHEN kind = 'RESERVATION' THEN 'RESERVED' ELSE 'DOWN' END", persisted=True),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("active", sa.Boolean(), sa.Computed("ended_at IS NULL", persisted=True), nullable=False),
        sa.Column("exclusive", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("at_risk", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("standing", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("stated", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("reservation_id", sa.Uuid()),
        sa.Column("work_order_id", sa.Uuid()),
        sa.Column("created_by", sa.Text(), nullable=False),
        *_stamps(),
        m.tenant_fk("asset_id", "asset"),
        m.tenant_fk("reservation_id", "reservation"),
        m.tenant_fk("work_order_id", "work_order"),
        sa.CheckConstraint("kind IN ('RESERVATION', 'MAINTENANCE', 'GROUNDING', 'MANUAL')", name="kind_word"),
        sa.CheckConstraint(_STATED, name="stated_word"),
        sa.CheckConstraint("(kind = 'MANUAL') = (stated IS NOT NULL)", name="manual_is_stated"),
        sa.CheckConstraint("(kind = 'RESERVATION') = (reservation_id IS NOT NULL)", name="reservation_of"),
        sa.CheckConstraint("(kind = 'MAINTENANCE') = (work_order_id IS NOT NULL)", name="maintenance_of"),
        sa.CheckConstraint("NOT at_risk OR kind = 'RESERVATION'", name="only_reservations_at_risk"),
        sa.CheckConstraint("NOT standing OR kind <> 'RESERVATION'", name="reservations_end"),
        sa.CheckConstraint("ends_at > starts_at", name="period"),
        sa.Index("ix_asset_block_active", "tenant_id", "asset_id", "ends_at", postgresql_where=sa.text("active")),
        sa.Index("ix_asset_block_ends", "tenant_id", "ends_at", postgresql_where=sa.text("active")),
        sa.Index("ix_asset_block_history", "tenant_id", "asset_id", "starts_at"),
        sa.Index("ix_asset_block_reservation", "tenant_id", "reservation_id"),
        sa.Index("ix_asset_block_work_order", "tenant_id", "work_order_id"),
    )
    m.run_script(AVAILABILITY)


def downgrade() -> None:
    m.run_script(DROP_AVAILABILITY)
    for table in ("asset_block", "health_report", "reservation"):
        op.drop_table(table)
