"""The spine: events, their references, seals and heads, and idempotency keys."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m

revision = "202602010002"
down_revision = "202602010001"
branch_labels = None
depends_on = None
phase = "expand"


def upgrade() -> None:
    m.create_tenant_table(
        "event",
        sa.Column(
            "xid", sa.BigInteger(), nullable=False, server_default=sa.text("(pg_current_xact_id()::text)::bigint")
        ),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("related", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("causation_id", sa.Uuid()),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("before", JSONB()),
        sa.Column("after", JSONB()),
        sa.Index("ix_event_order", "tenant_id", "xid", "id"),
        sa.Index("ix_event_at", "tenant_id", "at", "id"),
        sa.Index("ix_event_actor", "tenant_id", "actor", "at", "id"),
        sa.Index("ix_event_type", "tenant_id", "type", "at", "id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "event_ref",
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        m.tenant_fk("event_id", "event"),
        key=("ref", "event_id"),
        insert_only=True,
    )
    m.create_tenant_table(
        "event_seal",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        m.tenant_fk("event_id", "event"),
        sa.UniqueConstraint("tenant_id", "event_id"),
        sa.Index("ix_event_seal_type", "tenant_id", "type", "seq"),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_is_sha256"),
        key=("seq",),
        insert_only=True,
    )
    m.create_tenant_table(
        "event_head",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid()),
        key=(),
        grants="SELECT, INSERT, UPDATE",
    )
    m.create_tenant_table(
        "idempotency_key",
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", JSONB()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(key) BETWEEN 1 AND 255", name="key_length"),
        sa.Index("ix_idempotency_key_expiry", "tenant_id", "expires_at"),
        key=("principal_id", "key"),
    )


def downgrade() -> None:
    for table in ("idempotency_key", "event_head", "event_seal", "event_ref", "event"):
        op.drop_table(table)
