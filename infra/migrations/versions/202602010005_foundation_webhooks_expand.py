"""Webhooks: endpoints, encrypted secrets, deliveries and attempts."""

import sqlalchemy as sa

from alembic import op
from app.kernel.db import migrate as m

revision = "202602010005"
down_revision = "202602010004"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    m.create_tenant_table(
        "webhook_endpoint",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cardinality(event_types) > 0", name="event_types_given"),
        sa.CheckConstraint("disabled_reason IN ('GONE', 'FAILING')", name="disabled_reason_known"),
        sa.CheckConstraint("NOT (is_active AND disabled_reason IS NOT NULL)", name="active_has_no_reason"),
    )
    m.create_tenant_table(
        "webhook_secret",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        m.tenant_fk("webhook_id", "webhook_endpoint", ondelete="CASCADE"),
        sa.Index("ix_webhook_secret_webhook", "tenant_id", "webhook_id"),
    )
    m.create_tenant_table(
        "webhook_delivery",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("last_status_code", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        m.tenant_fk("webhook_id", "webhook_endpoint", ondelete="CASCADE"),
        m.tenant_fk("event_id", "event"),
        sa.UniqueConstraint("tenant_id", "webhook_id", "event_id"),
        sa.CheckConstraint("status IN ('PENDING', 'DELIVERED', 'DEAD')", name="status_known"),
        sa.CheckConstraint("attempts >= 0 AND step >= 0", name="counts_positive"),
        sa.CheckConstraint("(status = 'PENDING') = (next_attempt_at IS NOT NULL)", name="pending_has_a_time"),
        sa.Index("ix_webhook_delivery_list", "tenant_id", "webhook_id", "id"),
        sa.Index(
            "ix_webhook_delivery_due",
            "tenant_id",
            "next_attempt_at",
            postgresql_where=sa.text("status = 'PENDING'"),
        ),
        sa.Index("ix_webhook_delivery_finished", "tenant_id", "status", "finished_at"),
    )
    m.create_tenant_table(
        "webhook_attempt",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_code", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        m.tenant_fk("delivery_id", "webhook_delivery", ondelete="CASCADE"),
        key=("delivery_id", "number"),
    )


def downgrade() -> None:
    for table in ("webhook_attempt", "webhook_delivery", "webhook_secret", "webhook_endpoint"):
        op.drop_table(table)
