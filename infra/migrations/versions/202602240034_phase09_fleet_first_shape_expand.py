"""The fleet as the first system kept it: one row an asset, status words stored beside everything else.

The nine migrations that follow turn these words into dated facts while this shape's code keeps serving.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202602240034"
down_revision = "202602010005"
branch_labels = None
depends_on = None
phase = "expand"


def _stamps() -> list[sa.Column]:
    return [
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def upgrade() -> None:
    m.create_tenant_table(
        "drone",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("capabilities", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        *_stamps(),
        sa.UniqueConstraint("tenant_id", "name"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        sa.CheckConstraint("vendor IN ('DJI', 'MAVLINK', 'FAKE')", name="vendor_word"),
    )
    m.create_tenant_table(
        "asset",
        sa.Column("asset_type", sa.Text(), nullable=False),
        sa.Column("asset_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("serial_number", sa.Text()),
        sa.Column("availability_status", sa.Text(), nullable=False, server_default="AVAILABLE"),
        sa.Column("health_status", sa.Text(), nullable=False, server_default="UNKNOWN"),
        sa.Column("health_score", sa.Integer()),
        sa.Column("region_code", sa.Text()),
        sa.Column("bound_to_drone_id", sa.Uuid()),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("bound_at", sa.DateTime(timezone=True)),
        sa.Column("last_health_at", sa.DateTime(timezone=True)),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.Column("retired_reason", sa.Text()),
        *_stamps(),
        m.tenant_fk("bound_to_drone_id", "drone"),
        sa.UniqueConstraint("tenant_id", "asset_type", "asset_code"),
        sa.CheckConstraint("length(asset_code) BETWEEN 1 AND 100", name="asset_code_length"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        sa.CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score_range"),
    )
    m.create_tenant_table(
        "work_order",
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="5"),
        sa.Column("status", sa.Text(), nullable=False, server_default="OPEN"),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("assigned_to", sa.Text()),
        sa.Column("close_note", sa.Text()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.Text()),
        *_stamps(),
        m.tenant_fk("asset_id", "asset"),
        sa.CheckConstraint("status IN ('OPEN', 'IN_PROGRESS', 'CLOSED', 'CANCELED')", name="status_word"),
        sa.CheckConstraint("priority BETWEEN 1 AND 10", name="priority_range"),
    )
    m.create_tenant_table(
        "work_order_history",
        sa.Column("work_order_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text()),
        sa.Column("to_status", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.Column("actor_id", sa.Text()),
        sa.Column("detail", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        m.tenant_fk("work_order_id", "work_order", ondelete="CASCADE"),
        sa.Index("ix_work_order_history_order", "tenant_id", "work_order_id", "created_at", "id"),
    )


def downgrade() -> None:
    for table in ("work_order_history", "work_order", "asset", "drone"):
        op.drop_table(table)
