"""Thresholds of stock alerts; the alerts themselves are rows of the alert engine."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.manufacturing.words import AlertSeverity, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class StockThreshold(TenantRow, Versioned, Timestamped, Base):
    """How little of an item may be there. No item means every item, no location every internal location.

    An alert opens below `minimum` and closes at or above `clear_level`.
    """

    __tablename__ = "stock_threshold"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "item_id",
            "location_id",
            name="uq_stock_threshold_scope",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(["tenant_id", "item_id"], ["item.tenant_id", "item.id"]),
        ForeignKeyConstraint(["tenant_id", "location_id"], ["location.tenant_id", "location.id"]),
        CheckConstraint("minimum > 0 AND clear_level >= minimum", name="levels"),
        CheckConstraint(f"severity IN ({sql_words(AlertSeverity)})", name="severity_word"),
    )

    item_id: Mapped[UUID | None]
    location_id: Mapped[UUID | None]
    minimum: Mapped[Decimal]
    clear_level: Mapped[Decimal]
    severity: Mapped[str] = mapped_column(default="P2", server_default="P2")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
