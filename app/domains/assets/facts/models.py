"""The ledger: assets, and the dated facts about where they are and what they are part of.

A fact's period is `[starts_at, ends_at)`, open while `ends_at` is null; the exclusion constraints let no two
contradict each other. Nothing here stores a status that time can make untrue.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.assets.words import AssetType, HealthStatus, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

PERIOD = text("tstzrange(starts_at, ends_at)")


class Asset(TenantRow, Versioned, Timestamped, Base):
    """`health_*` repeat the latest report, for searching; reports themselves are history."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("tenant_id", "asset_type", "asset_code"),
        CheckConstraint("length(asset_code) BETWEEN 1 AND 100", name="asset_code_length"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score_range"),
        CheckConstraint(f"asset_type IN ({sql_words(AssetType)})", name="asset_type_word"),
        CheckConstraint(f"health_status IN ({sql_words(HealthStatus)})", name="health_status_word"),
        CheckConstraint("(retired_at IS NULL) = (retired_reason IS NULL)", name="retired_with_reason"),
    )

    asset_type: Mapped[str]
    asset_code: Mapped[str]
    name: Mapped[str]
    serial_number: Mapped[str | None]
    health_status: Mapped[str] = mapped_column(server_default="UNKNOWN", default="UNKNOWN")
    health_score: Mapped[int | None]
    last_health_at: Mapped[datetime | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    retired_at: Mapped[datetime | None]
    retired_reason: Mapped[str | None]


class Installation(TenantRow, Base):
    """An asset in a drone, perhaps in a named slot of it."""

    __tablename__ = "installation"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "asset_id"], ["asset.tenant_id", "asset.id"]),
        ForeignKeyConstraint(["tenant_id", "drone_id"], ["drone.tenant_id", "drone.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "parent_asset_id"], ["asset.tenant_id", "asset.id"], name="fk_installation_parent"
        ),
        CheckConstraint("num_nonnulls(drone_id, parent_asset_id) = 1", name="one_host"),
        CheckConstraint("ends_at >= starts_at", name="period"),
        ExcludeConstraint(
            ("tenant_id", "="), ("asset_id", "="), (PERIOD, "&&"), name="ex_installation_asset"
        ),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("drone_id", "="),
            ("slot", "="),
            (PERIOD, "&&"),
            where=text("slot IS NOT NULL AND drone_id IS NOT NULL"),
            name="ex_installation_slot",
        ),
        Index("ix_installation_asset", "tenant_id", "asset_id", "starts_at"),
        Index("ix_installation_drone", "tenant_id", "drone_id", "starts_at"),
    )

    asset_id: Mapped[UUID]
    drone_id: Mapped[UUID | None]
    parent_asset_id: Mapped[UUID | None]
    slot: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class Placement(TenantRow, Base):
    """An asset in a region."""

    __tablename__ = "placement"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "asset_id"], ["asset.tenant_id", "asset.id"]),
        ForeignKeyConstraint(["tenant_id", "region_id"], ["region.tenant_id", "region.id"]),
        CheckConstraint("ends_at >= starts_at", name="period"),
        ExcludeConstraint(("tenant_id", "="), ("asset_id", "="), (PERIOD, "&&"), name="ex_placement_asset"),
        Index("ix_placement_asset", "tenant_id", "asset_id", "starts_at"),
        Index("ix_placement_region", "tenant_id", "region_id", postgresql_where=text("ends_at IS NULL")),
    )

    asset_id: Mapped[UUID]
    region_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class HealthReport(TenantRow, Base):
    """What was reported about an asset's health, and when. Never changed."""

    __tablename__ = "health_report"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "asset_id"], ["asset.tenant_id", "asset.id"]),
        CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score_range"),
        CheckConstraint(f"health_status IN ({sql_words(HealthStatus)})", name="health_status_word"),
        Index("ix_health_report_asset", "tenant_id", "asset_id", "reported_at"),
        {"info": {"grants": "SELECT, INSERT", "insert_only": True}},
    )

    asset_id: Mapped[UUID]
    health_status: Mapped[str]
    health_score: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    reported_at: Mapped[datetime]
    reported_by: Mapped[str]
