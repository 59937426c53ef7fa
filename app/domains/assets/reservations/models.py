"""A reservation: who wants what; the time it takes is a block on the timeline."""

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Reservation(TenantRow, Versioned, Timestamped, Base):
    __tablename__ = "reservation"
    __table_args__ = (
        CheckConstraint("status IN ('CONFIRMED', 'CANCELED')", name="status_word"),
        Index("ix_reservation_created", "tenant_id", "created_at", "id"),
    )

    status: Mapped[str] = mapped_column(default="CONFIRMED")
    purpose: Mapped[str | None]
    reserved_by: Mapped[str]
