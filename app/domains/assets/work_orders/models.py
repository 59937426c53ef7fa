"""Work orders and their history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.assets.words import WorkOrderStatus, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class WorkOrder(TenantRow, Versioned, Timestamped, Base):
    """`assigned_to` is the word that was sent; `assigned_user_id` the user it names."""

    __tablename__ = "work_order"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "asset_id"], ["asset.tenant_id", "asset.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "assigned_user_id"],
            ["identity_user.tenant_id", "identity_user.id"],
            ondelete="SET NULL (assigned_user_id)",
        ),
        CheckConstraint(f"status IN ({sql_words(WorkOrderStatus)})", name="status_word"),
        CheckConstraint("priority BETWEEN 1 AND 10", name="priority_range"),
        CheckConstraint("length(title) BETWEEN 1 AND 200", name="title_length"),
        CheckConstraint("status <> 'CLOSED' OR started_at IS NOT NULL", name="closed_was_started"),
        CheckConstraint("(status = 'CLOSED') = (closed_at IS NOT NULL)", name="closed_has_time"),
        Index("ix_work_order_asset", "tenant_id", "asset_id", "status"),
    )

    asset_id: Mapped[UUID]
    title: Mapped[str]
    description: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=5, server_default="5")
    status: Mapped[str] = mapped_column(default="OPEN", server_default="OPEN")
    blocks_asset: Mapped[bool | None]
    created_by: Mapped[str]
    assigned_to: Mapped[str | None]
    assigned_user_id: Mapped[UUID | None]
    expected_end_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    close_note: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]


class WorkOrderHistory(TenantRow, Base):
    __tablename__ = "work_order_history"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "work_order_id"], ["work_order.tenant_id", "work_order.id"], ondelete="CASCADE"
        ),
        Index("ix_work_order_history_order", "tenant_id", "work_order_id", "created_at", "id"),
    )

    work_order_id: Mapped[UUID]
    action: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str | None]
    note: Mapped[str | None]
    actor_id: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    created_at: Mapped[datetime]
