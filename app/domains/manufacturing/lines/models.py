"""Lines that must be clear."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

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
