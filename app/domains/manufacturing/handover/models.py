"""Lines that must be clear, and hand-overs that must be accepted."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class ProductionLine(TenantRow, Versioned, Timestamped, Base):
    """A line holds one product at a time: `product_id` since `occupied_at`, until somebody clears it."""

    __tablename__ = "production_line"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["item.tenant_id", "item.id"]),
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("(product_id IS NULL) = (occupied_at IS NULL)", name="occupied_since"),
        Index("ix_production_line_product", "tenant_id", "product_id"),
    )

    code: Mapped[str]
    department: Mapped[str | None]
    product_id: Mapped[UUID | None]
    occupied_at: Mapped[datetime | None]


class ProductionHandover(TenantRow, Versioned, Timestamped, Base):
    """Work in progress on its way from one department to the next."""

    __tablename__ = "production_handover"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "task_id"], ["production_order.tenant_id", "production_order.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "production_line_id"], ["production_line.tenant_id", "production_line.id"]
        ),
        CheckConstraint("status IN ('PENDING', 'ACCEPTED', 'REJECTED', 'CANCELLED')", name="status_word"),
        CheckConstraint("qty_sent > 0", name="qty_sent_positive"),
        CheckConstraint("qty_accepted BETWEEN 0 AND qty_sent", name="accepted_of_sent"),
        CheckConstraint("(status = 'ACCEPTED') = (qty_accepted IS NOT NULL)", name="accepted_has_quantity"),
        CheckConstraint("(status = 'PENDING') = (decided_at IS NULL)", name="decided_has_time"),
        CheckConstraint("from_department <> to_department", name="between_departments"),
        Index(
            "uq_production_handover_pending",
            "tenant_id",
            "task_id",
            unique=True,
            postgresql_where=text("status = 'PENDING'"),
        ),
        Index("ix_production_handover_task", "tenant_id", "task_id", "id"),
        Index("ix_production_handover_line", "tenant_id", "production_line_id"),
    )

    task_id: Mapped[UUID]
    from_department: Mapped[str]
    to_department: Mapped[str]
    production_line_id: Mapped[UUID | None]
    qty_sent: Mapped[Decimal]
    qty_accepted: Mapped[Decimal | None]
    status: Mapped[str] = mapped_column(default="PENDING", server_default="PENDING")
    note: Mapped[str | None]
    sent_by: Mapped[str]
    decided_by: Mapped[str | None]
    decision_note: Mapped[str | None]
    decided_at: Mapped[datetime | None]
