"""A drone: an operational unit with a telemetry identity, into which assets are installed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.assets.words import Vendor, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Drone(TenantRow, Versioned, Timestamped, Base):
    """A deleted drone keeps its row: the dated installations of its past refer to it."""

    __tablename__ = "drone"
    __table_args__ = (
        Index(
            "uq_drone_tenant_id_name",
            "tenant_id",
            "name",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint(f"vendor IN ({sql_words(Vendor)})", name="vendor_word"),
    )

    name: Mapped[str]
    vendor: Mapped[str]
    capabilities: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'::jsonb"), default=dict
    )
    deleted_at: Mapped[datetime | None]
