"""The stock ledger: where stock can be, what moved, what is there, and for whom it is kept."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.manufacturing.words import LocationKind, MoveType, sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned


class Location(TenantRow, Versioned, Timestamped, Base):
    """`path`: the ids from the root down to it, 32 hex digits and a slash each.

    `is_standard`: the location of its kind that is meant when none is named.
    """

    __tablename__ = "location"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        ForeignKeyConstraint(["tenant_id", "parent_id"], ["location.tenant_id", "location.id"]),
        CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
        CheckConstraint(f"kind IN ({sql_words(LocationKind)})", name="kind_word"),
        Index("ix_location_path", "tenant_id", "path"),
        Index(
            "uq_location_standard",
            "tenant_id",
            "kind",
            unique=True,
            postgresql_where=text("is_standard"),
        ),
    )

    code: Mapped[str]
    name: Mapped[str | None]
    kind: Mapped[str] = mapped_column(default="INTERNAL", server_default="INTERNAL")
    parent_id: Mapped[UUID | None]
    path: Mapped[str] = mapped_column(Text(collation="C"))
    is_standard: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class Lot(TenantRow, Versioned, Timestamped, Base):
    """A lot of an item, or one serial number of it. `received_at` is when any of it first came into stock."""

    __tablename__ = "lot"
    __table_args__ = (
        UniqueConstraint("tenant_id", "item_id", "code"),
        ForeignKeyConstraint(["tenant_id", "item_id"], ["item.tenant_id", "item.id"]),
        CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
    )

    item_id: Mapped[UUID]
    code: Mapped[str]
    is_serial: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    expires_on: Mapped[date | None]
    received_at: Mapped[datetime | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)


class StockBalance(TenantRow, Base):
    """What is at an internal location now. The sum of its moves is `on_hand - owed`.

    `owed`: taken by approval beyond what the books knew of; the next receipts settle it. `reserved`: of
    `on_hand`, what is kept for a demand.
    """

    __tablename__ = "stock_balance"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "item_id",
            "location_id",
            "lot_id",
            name="uq_stock_balance_place",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(["tenant_id", "item_id"], ["item.tenant_id", "item.id"]),
        ForeignKeyConstraint(["tenant_id", "location_id"], ["location.tenant_id", "location.id"]),
        ForeignKeyConstraint(["tenant_id", "lot_id"], ["lot.tenant_id", "lot.id"]),
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved"),
        CheckConstraint("owed >= 0", name="owed"),
        CheckConstraint("NOT is_serial OR (on_hand IN (0, 1) AND owed = 0)", name="serial"),
        Index(
            "uq_stock_balance_serial",
            "tenant_id",
            "lot_id",
            unique=True,
            postgresql_where=text("is_serial AND on_hand > 0"),
        ),
        Index("ix_stock_balance_location", "tenant_id", "location_id", "item_id"),
        Index("ix_stock_balance_lot", "tenant_id", "lot_id", postgresql_where=text("lot_id IS NOT NULL")),
    )

    item_id: Mapped[UUID]
    location_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    is_serial: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    on_hand: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    reserved: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    owed: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    created_at: Mapped[datetime]


class StockReservation(TenantRow, Base):
    """Stock of one balance that is kept for a demand (`order:<id>`), perhaps for one line of it.

    `open` is what is still kept; `returned` is the part of `issued` that came back to stock, unreserved.
    """

    __tablename__ = "stock_reservation"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "balance_id"], ["stock_balance.tenant_id", "stock_balance.id"]),
        CheckConstraint("length(demand_ref) BETWEEN 1 AND 200", name="demand_ref_length"),
        CheckConstraint("quantity > 0 AND issued >= 0 AND released >= 0", name="signs"),
        CheckConstraint("issued + released <= quantity", name="within"),
        CheckConstraint("returned >= 0 AND returned <= issued", name="returned"),
        Index("ix_stock_reservation_demand", "tenant_id", "demand_ref", "item_id"),
        Index("ix_stock_reservation_item", "tenant_id", "item_id", "id"),
        Index("ix_stock_reservation_open", "tenant_id", "balance_id", postgresql_where=text("open > 0")),
    )

    demand_ref: Mapped[str]
    line_ref: Mapped[str | None]
    balance_id: Mapped[UUID]
    item_id: Mapped[UUID]
    location_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    quantity: Mapped[Decimal]
    issued: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    released: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    returned: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    open: Mapped[Decimal] = mapped_column(Computed("quantity - issued - released", persisted=True))
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class StockMove(TenantRow, Base):
    """One entry of the ledger: a quantity left one location and reached another. Never changed; reversed.

    `unit_cost`: the item's cost at that moment. `source_ref`: the object it was for (`order:<id>`).
    """

    __tablename__ = "stock_move"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "item_id"], ["item.tenant_id", "item.id"]),
        ForeignKeyConstraint(["tenant_id", "lot_id"], ["lot.tenant_id", "lot.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "from_location_id"],
            ["location.tenant_id", "location.id"],
            name="fk_stock_move_from",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "to_location_id"], ["location.tenant_id", "location.id"], name="fk_stock_move_to"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "reservation_id"],
            ["stock_reservation.tenant_id", "stock_reservation.id"],
            name="fk_stock_move_reservation",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "reverses_id"],
            ["stock_move.tenant_id", "stock_move.id"],
            name="fk_stock_move_reverses",
        ),
        UniqueConstraint("tenant_id", "reverses_id", name="uq_stock_move_reverses"),
        CheckConstraint(f"move_type IN ({sql_words(MoveType)})", name="move_type_word"),
        CheckConstraint("quantity > 0", name="quantity_sign"),
        CheckConstraint("from_location_id <> to_location_id", name="two_places"),
        CheckConstraint("(move_type = 'REVERSE') = (reverses_id IS NOT NULL)", name="reversal"),
        Index("ix_stock_move_item", "tenant_id", "item_id", "id"),
        Index("ix_stock_move_from", "tenant_id", "from_location_id", "id"),
        Index("ix_stock_move_to", "tenant_id", "to_location_id", "id"),
        Index("ix_stock_move_lot", "tenant_id", "lot_id", "id", postgresql_where=text("lot_id IS NOT NULL")),
        Index(
            "ix_stock_move_source",
            "tenant_id",
            "source_ref",
            "id",
            postgresql_where=text("source_ref IS NOT NULL"),
        ),
        Index(
            "ix_stock_move_reservation",
            "tenant_id",
            "reservation_id",
            postgresql_where=text("reservation_id IS NOT NULL"),
        ),
        {"info": {"grants": "SELECT, INSERT", "insert_only": True}},
    )

    move_type: Mapped[str]
    item_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    from_location_id: Mapped[UUID]
    to_location_id: Mapped[UUID]
    quantity: Mapped[Decimal]
    unit_cost: Mapped[Decimal | None]
    source_ref: Mapped[str | None]
    reservation_id: Mapped[UUID | None]
    reverses_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]


class StockDebt(TenantRow, Base):
    """Stock that was taken by approval although the books had none; receipts settle it, oldest first."""

    __tablename__ = "stock_debt"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "balance_id"], ["stock_balance.tenant_id", "stock_balance.id"]),
        ForeignKeyConstraint(["tenant_id", "move_id"], ["stock_move.tenant_id", "stock_move.id"]),
        CheckConstraint("quantity > 0 AND settled >= 0 AND settled <= quantity", name="within"),
        CheckConstraint("(settled = quantity) = (settled_at IS NOT NULL)", name="settled_has_time"),
        CheckConstraint("length(reason) BETWEEN 1 AND 2000", name="reason_length"),
        UniqueConstraint("tenant_id", "move_id"),
        Index(
            "ix_stock_debt_open", "tenant_id", "balance_id", "id", postgresql_where=text("settled < quantity")
        ),
    )

    balance_id: Mapped[UUID]
    move_id: Mapped[UUID]
    quantity: Mapped[Decimal]
    settled: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default="0")
    reason: Mapped[str]
    approved_by: Mapped[str]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
