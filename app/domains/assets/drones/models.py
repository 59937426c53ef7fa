"""A drone: an operational unit with a telemetry identity, into which assets are installed."""

from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Drone(TenantRow, Versioned, Timestamped, Base):
    __tablename__ = "drone"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint("vendor IN ('DJI', 'MAVLINK', 'FAKE')", name="vendor_word"),
    )

    name: Mapped[str]
    vendor: Mapped[str]
    capabilities: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
