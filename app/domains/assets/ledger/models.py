"""The asset as the first system kept it: one row, status words and all."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Asset(TenantRow, Versioned, Timestamped, Base):
    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("tenant_id", "asset_type", "asset_code"),
        ForeignKeyConstraint(["tenant_id", "bound_to_drone_id"], ["drone.tenant_id", "drone.id"]),
        CheckConstraint("length(asset_code) BETWEEN 1 AND 100", name="asset_code_length"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score_range"),
    )

    asset_type: Mapped[str]
    asset_code: Mapped[str]
    name: Mapped[str]
    serial_number: Mapped[str | None]
    availability_status: Mapped[str] = mapped_column(server_default="AVAILABLE", default="AVAILABLE")
    health_status: Mapped[str] = mapped_column(server_default="UNKNOWN", default="UNKNOWN")
    health_score: Mapped[int | None]
    region_code: Mapped[str | None]
    bound_to_drone_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    bound_at: Mapped[datetime | None]
    last_health_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    retired_reason: Mapped[str | None]
