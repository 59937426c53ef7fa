"""Manufacturing orders: what to make, from which components, what happened, and what came out."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.manufacturing.orders.words import (
    Action,
    Consumption,
    MaterialStatus,
    Priority,
    TaskStatus,
    VarianceClass,
)
from app.domains.manufacturing.words import sql_words
from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned

_ZERO = text("0")


class ProductionOrder(TenantRow, Versioned, Timestamped, Base):
    """A task of the contract. `qty_good` is what was received into stock, `qty_scrapped` what operations lost."""

    __tablename__ = "production_order"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["item.tenant_id", "item.id"]),
        ForeignKeyConstraint(["tenant_id", "revision_id"], ["bom_revision.tenant_id", "bom_revision.id"]),
        ForeignKeyConstraint(["tenant_id", "routing_id"], ["routing.tenant_id", "routing.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "production_line_id"], ["production_line.tenant_id", "production_line.id"]
        ),
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "batch_number"),
        CheckConstraint(f"status IN ({sql_words(TaskStatus)})", name="status_word"),
        CheckConstraint("held_from IN ('APPROVED', 'IN_PROGRESS')", name="held_from_word"),
        CheckConstraint("(status = 'ON_HOLD') = (held_from IS NOT NULL)", name="held_from_where"),
        CheckConstraint(f"priority IN ({sql_words(Priority)})", name="priority_word"),
        CheckConstraint(f"material_status IN ({sql_words(MaterialStatus)})", name="material_status_word"),
        CheckConstraint(f"variance_class IN ({sql_words(VarianceClass)})", name="variance_class_word"),
        CheckConstraint("qty_planned > 0", name="qty_planned_positive"),
        CheckConstraint("qty_good >= 0 AND qty_scrapped >= 0", name="quantities_not_negative"),
        CheckConstraint("(status = 'COMPLETED') = (completed_at IS NOT NULL)", name="completed_has_time"),
        CheckConstraint(
            "variance_class <> 'MAJOR' OR (override_reason IS NOT NULL AND overridden_by IS NOT NULL)",
            name="major_was_overridden",
        ),
        Index("ix_production_order_status", "tenant_id", "status", "id"),
        Index("ix_production_order_product", "tenant_id", "product_id"),
        Index("ix_production_order_revision", "tenant_id", "revision_id"),
        Index("ix_production_order_routing", "tenant_id", "routing_id"),
        Index("ix_production_order_line", "tenant_id", "production_line_id"),
    )

    number: Mapped[str]
    product_id: Mapped[UUID]
    revision_id: Mapped[UUID | None]
    bom_hash: Mapped[str | None]
    routing_id: Mapped[UUID | None]
    production_line_id: Mapped[UUID | None]
    qty_planned: Mapped[Decimal]
    qty_good: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=_ZERO)
    qty_scrapped: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=_ZERO)
    status: Mapped[str] = mapped_column(default="DRAFT", server_default="DRAFT")
    held_from: Mapped[str | None]
    priority: Mapped[str] = mapped_column(default="NORMAL", server_default="NORMAL")
    department: Mapped[str | None]
    due_at: Mapped[datetime | None]
    batch_number: Mapped[str | None]
    material_status: Mapped[str | None]
    variance_class: Mapped[str | None]
    variance_percent: Mapped[Decimal | None]
    override_reason: Mapped[str | None]
    overridden_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    created_by: Mapped[str]


class ProductionComponent(TenantRow, Base):
    """What the order needs of one item, as the pinned revision says. Required for n units: fixed + per unit × n.

    `is_whole`: it has serial numbers, so it is counted in whole units.
    """

    __tablename__ = "production_component"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["production_order.tenant_id", "production_order.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["tenant_id", "item_id"], ["item.tenant_id", "item.id"]),
        UniqueConstraint("tenant_id", "order_id", "position"),
        CheckConstraint(f"consumption IN ({sql_words(Consumption)})", name="consumption_word"),
        CheckConstraint("qty_fixed >= 0 AND qty_per_unit >= 0", name="norm_not_negative"),
        CheckConstraint("qty_required >= 0 AND qty_issued >= 0", name="quantities_not_negative"),
        Index("ix_production_component_item", "tenant_id", "item_id"),
    )

    order_id: Mapped[UUID]
    position: Mapped[int]
    item_id: Mapped[UUID]
    operation_code: Mapped[str | None]
    consumption: Mapped[str] = mapped_column(default="BACKFLUSH", server_default="BACKFLUSH")
    is_whole: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    qty_fixed: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=_ZERO)
    qty_per_unit: Mapped[Decimal]
    qty_required: Mapped[Decimal]
    qty_issued: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=_ZERO)


class ProductionTransition(TenantRow, Base):
    """Every change of state, insert-only: dashboards count these."""

    __tablename__ = "production_transition"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id"], ["production_order.tenant_id", "production_order.id"]
        ),
        CheckConstraint(f"action IN ('create', {sql_words(Action)})", name="action_word"),
        CheckConstraint(f"from_status IN ({sql_words(TaskStatus)})", name="from_status_word"),
        CheckConstraint(f"to_status IN ({sql_words(TaskStatus)})", name="to_status_word"),
        Index("ix_production_transition_order", "tenant_id", "order_id", "at", "id"),
        Index("ix_production_transition_state", "tenant_id", "to_status", "at"),
        {"info": {"insert_only": True}},
    )

    order_id: Mapped[UUID]
    action: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    quantity: Mapped[Decimal | None]
    note: Mapped[str | None]
    actor_id: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    at: Mapped[datetime]


class ProductionIssue(TenantRow, Base):
    """What was taken out of stock for a component, by lot. `qty_assigned` of it is built into outputs."""

    __tablename__ = "production_issue"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "component_id"], ["production_component.tenant_id", "production_component.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "lot_id"], ["lot.tenant_id", "lot.id"]),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("qty_assigned BETWEEN 0 AND quantity", name="assigned_of_issued"),
        Index("ix_production_issue_component", "tenant_id", "component_id", "id"),
        Index("ix_production_issue_lot", "tenant_id", "lot_id"),
    )

    order_id: Mapped[UUID]
    component_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    quantity: Mapped[Decimal]
    qty_assigned: Mapped[Decimal] = mapped_column(default=Decimal(0), server_default=_ZERO)
    at: Mapped[datetime]


class ProductionOutput(TenantRow, Base):
    """Goods that were received from an order: a quantity of a lot, or one serial."""

    __tablename__ = "production_output"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id"], ["production_order.tenant_id", "production_order.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "lot_id"], ["lot.tenant_id", "lot.id"]),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_production_output_order", "tenant_id", "order_id", "id"),
        Index("ix_production_output_lot", "tenant_id", "lot_id"),
        {"info": {"insert_only": True}},
    )

    order_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    lot_code: Mapped[str | None]
    quantity: Mapped[Decimal]
    at: Mapped[datetime]


class ProductionBuiltFrom(TenantRow, Base):
    """The as-built list of an output: which lot of which item is in it."""

    __tablename__ = "production_built_from"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "output_id"], ["production_output.tenant_id", "production_output.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "item_id"], ["item.tenant_id", "item.id"]),
        ForeignKeyConstraint(["tenant_id", "lot_id"], ["lot.tenant_id", "lot.id"]),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        Index("ix_production_built_from_output", "tenant_id", "output_id"),
        Index("ix_production_built_from_lot", "tenant_id", "lot_id"),
        Index("ix_production_built_from_item", "tenant_id", "item_id"),
        {"info": {"insert_only": True}},
    )

    output_id: Mapped[UUID]
    item_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    lot_code: Mapped[str | None]
    quantity: Mapped[Decimal]
