"""Boards with their lanes, cards, and the rules that make cards."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

_OPEN = "status IN ('REQUESTED', 'APPROVED', 'IN_TRANSIT')"


class KanbanBoard(TenantRow, Versioned, Timestamped, Base):
    """One board per department. `slug` is its name as it stands in addresses; its row is the lock of its cards.

    `last_number`: of its cards. `auto_approve_threshold`: a card of no more is approved as it is requested.
    """

    __tablename__ = "kanban_board"
    __table_args__ = (
        UniqueConstraint("tenant_id", "slug"),
        CheckConstraint("length(department) BETWEEN 1 AND 100", name="department_length"),
        CheckConstraint("length(slug) BETWEEN 1 AND 100", name="slug_length"),
        CheckConstraint("last_number >= 0", name="last_number_sign"),
        CheckConstraint("auto_approve_threshold > 0", name="threshold_positive"),
    )

    department: Mapped[str]
    slug: Mapped[str]
    auto_approve_threshold: Mapped[Decimal | None]
    last_number: Mapped[int] = mapped_column(default=0, server_default="0")


class KanbanLane(TenantRow, Base):
    """How many cards of a board have this status, and how many may. `wip_limit` null: any number."""

    __tablename__ = "kanban_lane"
    __table_args__ = (
        UniqueConstraint("tenant_id", "board_id", "status"),
        ForeignKeyConstraint(
            ["tenant_id", "board_id"], ["kanban_board.tenant_id", "kanban_board.id"], ondelete="CASCADE"
        ),
        CheckConstraint(_OPEN, name="status_word"),
        CheckConstraint("cards >= 0", name="cards_sign"),
        CheckConstraint("wip_limit BETWEEN 1 AND 10000", name="limit_range"),
    )

    board_id: Mapped[UUID]
    status: Mapped[str]
    wip_limit: Mapped[int | None]
    cards: Mapped[int] = mapped_column(default=0, server_default="0")


class KanbanRule(TenantRow, Versioned, Timestamped, Base):
    """A card for `order_quantity` is made when no more than `reorder_point` of the item is there.

    `location_id`: what is at it and below; null: everywhere. `waiting_since`: the rule would have made a card,
    but the first lane of the board was full.
    """

    __tablename__ = "kanban_rule"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "board_id",
            "item_id",
            "location_id",
            name="uq_kanban_rule_place",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(["tenant_id", "board_id"], ["kanban_board.tenant_id", "kanban_board.id"]),
        ForeignKeyConstraint(["tenant_id", "item_id"], ["item.tenant_id", "item.id"]),
        ForeignKeyConstraint(["tenant_id", "location_id"], ["location.tenant_id", "location.id"]),
        CheckConstraint("reorder_point >= 0", name="reorder_point_sign"),
        CheckConstraint("order_quantity > 0", name="order_quantity_positive"),
        CheckConstraint("lead_time_days BETWEEN 0 AND 3650", name="lead_time_range"),
        CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name="priority_word"),
        Index("ix_kanban_rule_item", "tenant_id", "item_id"),
        Index("ix_kanban_rule_location", "tenant_id", "location_id"),
        Index(
            "ix_kanban_rule_waiting",
            "tenant_id",
            "board_id",
            "waiting_since",
            postgresql_where=text("waiting_since IS NOT NULL"),
        ),
    )

    board_id: Mapped[UUID]
    item_id: Mapped[UUID]
    location_id: Mapped[UUID | None]
    reorder_point: Mapped[Decimal]
    order_quantity: Mapped[Decimal]
    priority: Mapped[str] = mapped_column(default="NORMAL", server_default="NORMAL")
    lead_time_days: Mapped[int] = mapped_column(default=0, server_default="0")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    waiting_since: Mapped[datetime | None]


class KanbanCard(TenantRow, Versioned, Timestamped, Base):
    """A department asks for a quantity of an item. Each step keeps who took it and when."""

    __tablename__ = "kanban_card"
    __table_args__ = (
        UniqueConstraint("tenant_id", "board_id", "number"),
        ForeignKeyConstraint(["tenant_id", "board_id"], ["kanban_board.tenant_id", "kanban_board.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["item.tenant_id", "item.id"]),
        ForeignKeyConstraint(["tenant_id", "rule_id"], ["kanban_rule.tenant_id", "kanban_rule.id"]),
        CheckConstraint(
            "status IN ('REQUESTED', 'APPROVED', 'IN_TRANSIT', 'RECEIVED', 'REJECTED')", name="status_word"
        ),
        CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name="priority_word"),
        CheckConstraint("qty_requested > 0", name="qty_requested_positive"),
        CheckConstraint("qty_received > 0", name="qty_received_positive"),
        CheckConstraint("(status = 'RECEIVED') = (qty_received IS NOT NULL)", name="received_has_quantity"),
        CheckConstraint("(status = 'RECEIVED') = (received_at IS NOT NULL)", name="received_has_time"),
        CheckConstraint("(status = 'REJECTED') = (rejected_at IS NOT NULL)", name="rejected_has_time"),
        CheckConstraint("(status = 'REJECTED') = (reject_reason IS NOT NULL)", name="rejected_has_reason"),
        CheckConstraint(
            "status NOT IN ('APPROVED', 'IN_TRANSIT', 'RECEIVED') OR approved_at IS NOT NULL",
            name="approved_has_time",
        ),
        CheckConstraint(
            "(status IN ('IN_TRANSIT', 'RECEIVED')) = (shipped_at IS NOT NULL)", name="shipped_has_time"
        ),
        Index(
            "uq_kanban_card_open_rule",
            "tenant_id",
            "rule_id",
            unique=True,
            postgresql_where=text(f"rule_id IS NOT NULL AND {_OPEN}"),
        ),
        Index("ix_kanban_card_board", "tenant_id", "board_id", "status", "id"),
        Index("ix_kanban_card_product", "tenant_id", "product_id"),
        Index("ix_kanban_card_rule", "tenant_id", "rule_id"),
    )

    board_id: Mapped[UUID]
    number: Mapped[int]
    product_id: Mapped[UUID]
    qty_requested: Mapped[Decimal]
    qty_received: Mapped[Decimal | None]
    priority: Mapped[str] = mapped_column(default="NORMAL", server_default="NORMAL")
    status: Mapped[str] = mapped_column(default="REQUESTED", server_default="REQUESTED")
    needed_by: Mapped[datetime | None]
    notes: Mapped[str | None]
    rule_id: Mapped[UUID | None]
    requested_by: Mapped[str]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    shipped_by: Mapped[str | None]
    shipped_at: Mapped[datetime | None]
    received_by: Mapped[str | None]
    received_at: Mapped[datetime | None]
    rejected_by: Mapped[str | None]
    rejected_at: Mapped[datetime | None]
    reject_reason: Mapped[str | None]
