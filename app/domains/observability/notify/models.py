"""Whom alerts are told to: receivers, the routes to them, groups of alerts, and each delivery."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Receiver(TenantRow, Versioned, Timestamped, Base):
    """`config` is the document of `schemas.Target`; `secret` is encrypted: signing secret, or bearer token."""

    __tablename__ = "alert_receiver"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint("kind IN ('webhook', 'email', 'alertmanager')", name="kind_word"),
    )

    name: Mapped[str]
    kind: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    config: Mapped[dict[str, Any]]
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)


class NotificationRoute(TenantRow, Versioned, Timestamped, Base):
    """Routes are asked in the order of `position`; the first that fits ends the search unless it says `goes_on`."""

    __tablename__ = "notification_route"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "receiver_id"], ["alert_receiver.tenant_id", "alert_receiver.id"]),
        CheckConstraint(
            "group_wait_seconds >= 0 AND group_interval_seconds >= 1 AND repeat_interval_seconds >= 60",
            name="pace",
        ),
        Index("ix_notification_route_order", "tenant_id", "position", "id"),
        Index("ix_notification_route_receiver", "tenant_id", "receiver_id"),
    )

    receiver_id: Mapped[UUID]
    position: Mapped[int]
    matchers: Mapped[list[Any]]
    group_by: Mapped[list[Any]]
    group_wait_seconds: Mapped[int]
    group_interval_seconds: Mapped[int]
    repeat_interval_seconds: Mapped[int]
    send_resolved: Mapped[bool]
    goes_on: Mapped[bool]
    is_active: Mapped[bool]


class NotificationGroup(TenantRow, Base):
    """Alerts that are told together. `due_at` is when to look at it again, `last_sent_at` when it was told of."""

    __tablename__ = "notification_group"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "route_id"],
            ["notification_route.tenant_id", "notification_route.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "route_id", "group_key"),
        Index("ix_notification_group_due", "tenant_id", "due_at"),
    )

    route_id: Mapped[UUID]
    group_key: Mapped[str]
    labels: Mapped[dict[str, Any]]
    due_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]


class NotificationMember(Base):
    """An alert in a group; `told` is the severity under which it was last told of, null before."""

    __tablename__ = "notification_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "group_id"],
            ["notification_group.tenant_id", "notification_group.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["tenant_id", "alert_id"], ["alert.tenant_id", "alert.id"], ondelete="CASCADE"),
        Index("ix_notification_member_alert", "tenant_id", "alert_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    told: Mapped[str | None]


class NotificationDelivery(TenantRow, Base):
    """One notification on its way to one receiver; `payload` is what is sent, fixed when it was made."""

    __tablename__ = "notification_delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "receiver_id"],
            ["alert_receiver.tenant_id", "alert_receiver.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("reason IN ('group', 'escalation', 'test')", name="reason_word"),
        CheckConstraint("status IN ('PENDING', 'DELIVERED', 'DEAD')", name="status_word"),
        CheckConstraint("(status = 'PENDING') = (next_attempt_at IS NOT NULL)", name="pending_has_a_time"),
        Index("ix_notification_delivery_receiver", "tenant_id", "receiver_id", "id"),
        Index(
            "ix_notification_delivery_due",
            "tenant_id",
            "next_attempt_at",
            postgresql_where=text("status = 'PENDING'"),
        ),
    )

    receiver_id: Mapped[UUID]
    reason: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    last_status_code: Mapped[int | None]
    last_error: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
