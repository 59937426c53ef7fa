"""Work centres with their hours, routings, and the work orders made of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.manufacturing.routing.words import WorkStatus
from app.domains.manufacturing.words import sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

MINUTES = text("int4range(opens_minute, closes_minute)")


class WorkCenter(TenantRow, Versioned, Timestamped, Base):
    """A place where operations are done. `capacity` is how many work orders it runs at once."""

    __tablename__ = "work_center"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("capacity > 0", name="capacity_positive"),
        CheckConstraint("length(code) BETWEEN 1 AND 100", name="code_length"),
    )

    code: Mapped[str]
    name: Mapped[str]
    department: Mapped[str | None]
    capacity: Mapped[int] = mapped_column(default=1, server_default="1")


class WorkCenterHours(TenantRow, Base):
    """Open from–to on a weekday (ISO 8601: 1 is Monday), in minutes after midnight UTC. No rows: always open."""

    __tablename__ = "work_center_hours"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "work_center_id"], ["work_center.tenant_id", "work_center.id"], ondelete="CASCADE"
        ),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_range"),
        CheckConstraint("opens_minute >= 0 AND closes_minute <= 1440", name="minutes_of_a_day"),
        CheckConstraint("opens_minute < closes_minute", name="opens_before_closing"),
        ExcludeConstraint(
            ("tenant_id", "="),
            ("work_center_id", "="),
            ("weekday", "="),
            (MINUTES, "&&"),
            name="ex_work_center_hours_overlap",
        ),
        Index("ix_work_center_hours_center", "tenant_id", "work_center_id"),
    )

    work_center_id: Mapped[UUID]
    weekday: Mapped[int]
    opens_minute: Mapped[int]
    closes_minute: Mapped[int]


class Routing(TenantRow, Versioned, Timestamped, Base):
    """How a product is made: a graph of operations. One is active per product."""

    __tablename__ = "routing"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["item.tenant_id", "item.id"]),
        Index(
            "uq_routing_active", "tenant_id", "product_id", unique=True, postgresql_where=text("is_active")
        ),
    )

    product_id: Mapped[UUID]
    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class RoutingOperation(TenantRow, Base):
    """One step. `after` holds the codes of the operations that come before it."""

    __tablename__ = "routing_operation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "routing_id"], ["routing.tenant_id", "routing.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["tenant_id", "work_center_id"], ["work_center.tenant_id", "work_center.id"]),
        UniqueConstraint("tenant_id", "routing_id", "code"),
        CheckConstraint("setup_seconds >= 0 AND run_seconds >= 0", name="times_not_negative"),
        Index("ix_routing_operation_center", "tenant_id", "work_center_id"),
    )

    routing_id: Mapped[UUID]
    position: Mapped[int]
    code: Mapped[str]
    name: Mapped[str]
    work_center_id: Mapped[UUID | None]
    setup_seconds: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    run_seconds: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    after: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))


class ProductionWorkOrder(TenantRow, Versioned, Timestamped, Base):
    """One operation of one task. Every unit that went in is good, scrap or to be reworked."""

    __tablename__ = "production_work_order"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id"], ["production_order.tenant_id", "production_order.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "work_center_id"], ["work_center.tenant_id", "work_center.id"]),
        UniqueConstraint("tenant_id", "order_id", "code"),
        CheckConstraint(f"status IN ({sql_words(WorkStatus)})", name="status_word"),
        CheckConstraint("qty_good + qty_scrap + qty_rework = qty_input", name="input_is_accounted_for"),
        CheckConstraint("qty_good >= 0 AND qty_scrap >= 0 AND qty_rework >= 0", name="not_negative"),
        Index("ix_production_work_order_center", "tenant_id", "work_center_id", "status"),
    )

    order_id: Mapped[UUID]
    position: Mapped[int]
    code: Mapped[str]
    name: Mapped[str]
    work_center_id: Mapped[UUID | None]
    after: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'::jsonb"))
    setup_seconds: Mapped[Decimal]
    run_seconds: Mapped[Decimal]
    status: Mapped[str]
    qty_planned: Mapped[Decimal]
    qty_input: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    qty_good: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    qty_scrap: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    qty_rework: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=text("0"))
    expected_start_at: Mapped[datetime | None]
    expected_end_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]


class ProductionReport(TenantRow, Base):
    """What one report of an operation said, insert-only. The work order holds the sums."""

    __tablename__ = "production_report"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "work_order_id"], ["production_work_order.tenant_id", "production_work_order.id"]
        ),
        CheckConstraint("qty_good + qty_scrap + qty_rework = qty_input", name="input_is_accounted_for"),
        CheckConstraint("qty_good >= 0 AND qty_scrap >= 0 AND qty_rework >= 0", name="not_negative"),
        CheckConstraint("qty_input > 0", name="input_positive"),
        Index("ix_production_report_work_order", "tenant_id", "work_order_id", "at", "id"),
        {"info": {"insert_only": True}},
    )

    work_order_id: Mapped[UUID]
    qty_input: Mapped[Decimal]
    qty_good: Mapped[Decimal]
    qty_scrap: Mapped[Decimal]
    qty_rework: Mapped[Decimal]
    reason: Mapped[str | None]
    actor_id: Mapped[str]
    at: Mapped[datetime]
