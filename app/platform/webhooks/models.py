"""Tables of the webhooks: endpoints, their secrets, one delivery per endpoint and event, and every attempt."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

STATUSES = ("PENDING", "DELIVERED", "DEAD")


class WebhookEndpoint(TenantRow, Versioned, Timestamped, Base):
    """Where a tenant wants its events sent.

    `owner` is the actor who last said where events go or which: only what that actor may read is sent.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("cardinality(event_types) > 0", name="event_types_given"),
        CheckConstraint("disabled_reason IN ('GONE', 'FAILING')", name="disabled_reason_known"),
        CheckConstraint("NOT (is_active AND disabled_reason IS NOT NULL)", name="active_has_no_reason"),
    )

    url: Mapped[str]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    description: Mapped[str]
    owner: Mapped[str]
    is_active: Mapped[bool]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]


class WebhookSecret(TenantRow, Base):
    """A signing secret, encrypted. The current one has no end; the ones before it end after a rotation's grace."""

    __tablename__ = "webhook_secret"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "webhook_id"],
            ["webhook_endpoint.tenant_id", "webhook_endpoint.id"],
            ondelete="CASCADE",
        ),
        Index("ix_webhook_secret_webhook", "tenant_id", "webhook_id"),
    )

    webhook_id: Mapped[UUID]
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class WebhookDelivery(TenantRow, Base):
    """One event on its way to one endpoint. `step` is its place in the retry schedule, `attempts` counts all."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "webhook_id"],
            ["webhook_endpoint.tenant_id", "webhook_endpoint.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["tenant_id", "event_id"], ["event.tenant_id", "event.id"]),
        UniqueConstraint("tenant_id", "webhook_id", "event_id"),
        CheckConstraint("status IN ('PENDING', 'DELIVERED', 'DEAD')", name="status_known"),
        CheckConstraint("attempts >= 0 AND step >= 0", name="counts_positive"),
        CheckConstraint("(status = 'PENDING') = (next_attempt_at IS NOT NULL)", name="pending_has_a_time"),
        Index("ix_webhook_delivery_list", "tenant_id", "webhook_id", "id"),
        Index(
            "ix_webhook_delivery_due",
            "tenant_id",
            "next_attempt_at",
            postgresql_where=text("status = 'PENDING'"),
        ),
        Index("ix_webhook_delivery_finished", "tenant_id", "status", "finished_at"),
    )

    webhook_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    step: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    last_status_code: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One try: what was answered, or why nothing was. `address` is the one connected to."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "delivery_id"],
            ["webhook_delivery.tenant_id", "webhook_delivery.id"],
            ondelete="CASCADE",
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    address: Mapped[str | None]
    duration_ms: Mapped[int]
