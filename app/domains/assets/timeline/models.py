"""The one timeline: reservations, maintenance, groundings and manual statements in one constrained table.

`ended_at` is when a block was ended before its time; until then it is active. A `standing` block stays in force
until it is ended, however late the job is that moves its `ends_at` on. A reservation that something broke into is
`at_risk`: it still excludes other reservations, but no longer what broke into it.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.assets.words import Availability, BlockKind, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped

PERIOD = text("tstzrange(starts_at, ends_at)")
OCCUPANCY = "CASE WHEN kind = 'RESERVATION' THEN 'RESERVED' ELSE 'DOWN' END"


class AssetBlock(TenantRow, Timestamped, Base):
    __tablename__ = "asset_block"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "asset_id"], ["asset.tenant_id", "asset.id"]),
        ForeignKeyConstraint(["tenant_id", "reservation_id"], ["reservation.tenant_id", "reservation.id"]),
        ForeignKeyConstraint(["tenant_id", "work_order_id"], ["work_order.tenant_id", "work_order.id"]),
        CheckConstraint(f"kind IN ({sql_words(BlockKind)})", name="kind_word"),
        CheckConstraint(f"stated IN ({sql_words(Availability)})", name="stated_word"),
        CheckConstraint("(kind = 'MANUAL') = (stated IS NOT NULL)", name="manual_is_stated"),
        CheckConstraint("(kind = 'RESERVATION') = (reservation_id IS NOT NULL)", name="reservation_of"),
        CheckConstraint("(kind = 'MAINTENANCE') = (work_order_id IS NOT NULL)", name="maintenance_of"),
        CheckConstraint("NOT at_risk OR kind = 'RESERVATION'", name="only_reservations_at_risk"),
        CheckConstraint("NOT standing OR kind <> 'RESERVATION'", name="reservations_end"),
        CheckConstraint("ends_at > starts_at", name="period"),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("asset_id", "="),
            (PERIOD, "&&"),
            where=text("active AND exclusive AND occupancy = 'RESERVED'"),
            name="ex_asset_block_reserved",
        ),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("asset_id", "="),
            ("occupancy", "<>"),
            (PERIOD, "&&"),
            where=text("active AND exclusive AND NOT at_risk"),
            name="ex_asset_block_occupancy",
        ),
        Index("ix_asset_block_active", "tenant_id", "asset_id", "ends_at", postgresql_where=text("active")),
        Index("ix_asset_block_ends", "tenant_id", "ends_at", postgresql_where=text("active")),
        Index("ix_asset_block_history", "tenant_id", "asset_id", "starts_at"),
        Index("ix_asset_block_reservation", "tenant_id", "reservation_id"),
        Index("ix_asset_block_work_order", "tenant_id", "work_order_id"),
    )

    asset_id: Mapped[UUID]
    kind: Mapped[str]
    occupancy: Mapped[str] = mapped_column(Computed(OCCUPANCY, persisted=True))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(Computed("ended_at IS NULL", persisted=True))
    exclusive: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    at_risk: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    standing: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    stated: Mapped[str | None]
    reason: Mapped[str | None]
    reservation_id: Mapped[UUID | None]
    work_order_id: Mapped[UUID | None]
    created_by: Mapped[str]
