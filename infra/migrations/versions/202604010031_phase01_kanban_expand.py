"""Kanban: boards with limited lanes, cards, replenishment rules."""

import sqlalchemy as sa

from alembic import op
from app.kernel.db import migrate as m

revision = "202604010031"
down_revision = "202604010023"
branch_labels = None
depends_on = None
phase = "expand"

_OPEN = "status IN ('REQUESTED', 'APPROVED', 'IN_TRANSIT')"
_PRIORITY = "priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')"


def _versioned() -> tuple[sa.Column, ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _step(name: str) -> tuple[sa.Column, sa.Column]:
    return sa.Column(f"{name}_by", sa.Text()), sa.Column(f"{name}_at", sa.DateTime(timezone=True))


def _boards() -> None:
    m.create_tenant_table(
        "kanban_board",
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("auto_approve_threshold", sa.Numeric()),
        sa.Column("last_number", sa.Integer(), nullable=False, server_default="0"),
        *_versioned(),
        sa.CheckConstraint("length(department) BETWEEN 1 AND 100", name="department_length"),
        sa.CheckConstraint("length(slug) BETWEEN 1 AND 100", name="slug_length"),
        sa.CheckConstraint("last_number >= 0", name="last_number_sign"),
        sa.CheckConstraint("auto_approve_threshold > 0", name="threshold_positive"),
        sa.UniqueConstraint("tenant_id", "slug"),
    )
    m.create_tenant_table(
        "kanban_lane",
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("wip_limit", sa.Integer()),
        sa.Column("cards", sa.Integer(), nullable=False, server_default="0"),
        sa.CheckConstraint(_OPEN, name="status_word"),
        sa.CheckConstraint("cards >= 0", name="cards_sign"),
        sa.CheckConstraint("wip_limit BETWEEN 1 AND 10000", name="limit_range"),
        m.tenant_fk("board_id", "kanban_board", ondelete="CASCADE"),
        sa.UniqueConstraint("tenant_id", "board_id", "status"),
    )


def _rules() -> None:
    m.create_tenant_table(
        "kanban_rule",
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("location_id", sa.Uuid()),
        sa.Column("reorder_point", sa.Numeric(), nullable=False),
        sa.Column("order_quantity", sa.Numeric(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False, server_default="NORMAL"),
        sa.Column("lead_time_days", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("is_active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("waiting_since", sa.DateTime(timezone=True)),
        *_versioned(),
        sa.CheckConstraint("reorder_point >= 0", name="reorder_point_sign"),
        sa.CheckConstraint("order_quantity > 0", name="order_quantity_positive"),
        sa.CheckConstraint("lead_time_days BETWEEN 0 AND 3650", name="lead_time_range"),
        sa.CheckConstraint(_PRIORITY, name="priority_word"),
        m.tenant_fk("board_id", "kanban_board"),
        m.tenant_fk("item_id", "item"),
        m.tenant_fk("location_id", "location"),
        sa.UniqueConstraint(
            "tenant_id",
            "board_id",
            "item_id",
            "location_id",
            name="uq_kanban_rule_place",
            postgresql_nulls_not_distinct=True,
        ),
        sa.Index("ix_kanban_rule_item", "tenant_id", "item_id"),
        sa.Index("ix_kanban_rule_location", "tenant_id", "location_id"),
        sa.Index(
            "ix_kanban_rule_waiting",
            "tenant_id",
            "board_id",
            "waiting_since",
            postgresql_where=sa.text("waiting_since IS NOT NULL"),
        ),
    )


def _cards() -> None:
    m.create_tenant_table(
        "kanban_card",
        sa.Column("board_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("qty_requested", sa.Numeric(), nullable=False),
        sa.Column("qty_received", sa.Numeric()),
        sa.Column("priority", sa.Text(), nullable=False, server_default="NORMAL"),
        sa.Column("status", sa.Text(), nullable=False, server_default="REQUESTED"),
        sa.Column("needed_by", sa.DateTime(timezone=True)),
        sa.Column("notes", sa.Text()),
        sa.Column("rule_id", sa.Uuid()),
        sa.Column("requested_by", sa.Text(), nullable=False),
        *_step("approved"),
        *_step("shipped"),
        *_step("received"),
        *_step("rejected"),
        sa.Column("reject_reason", sa.Text()),
        *_versioned(),
        sa.CheckConstraint(
            "status IN ('REQUESTED', 'APPROVED', 'IN_TRANSIT', 'RECEIVED', 'REJECTED')", name="status_word"
        ),
        sa.CheckConstraint(_PRIORITY, name="priority_word"),
        sa.CheckConstraint("qty_requested > 0", name="qty_requested_positive"),
        sa.CheckConstraint("qty_received > 0", name="qty_received_positive"),
        sa.CheckConstraint("(status = 'RECEIVED') = (qty_received IS NOT NULL)", name="received_has_quantity"),
        sa.CheckConstraint("(status = 'RECEIVED') = (received_at IS NOT NULL)", name="received_has_time"),
        sa.CheckConstraint("(status = 'REJECTED') = (rejected_at IS NOT NULL)", name="rejected_has_time"),
        sa.CheckConstraint("(status = 'REJECTED') = (reject_reason IS NOT NULL)", name="rejected_has_reason"),
        sa.CheckConstraint(
            "status NOT IN ('APPROVED', 'IN_TRANSIT', 'RECEIVED') OR approved_at IS NOT NULL",
            name="approved_has_time",
        ),
        sa.CheckConstraint(
            "(status IN ('IN_TRANSIT', 'RECEIVED')) = (shipped_at IS NOT NULL)", name="shipped_has_time"
        ),
        m.tenant_fk("board_id", "kanban_board"),
        m.tenant_fk("product_id", "item"),
        m.tenant_fk("rule_id", "kanban_rule"),
        sa.UniqueConstraint("tenant_id", "board_id", "number"),
        sa.Index(
            "uq_kanban_card_open_rule",
            "tenant_id",
            "rule_id",
            unique=True,
            postgresql_where=sa.text(f"rule_id IS NOT NULL AND {_OPEN}"),
        ),
        sa.Index("ix_kanban_card_board", "tenant_id", "board_id", "status", "id"),
        sa.Index("ix_kanban_card_product", "tenant_id", "product_id"),
        sa.Index("ix_kanban_card_rule", "tenant_id", "rule_id"),
    )


def upgrade() -> None:
    _boards()
    _rules()
    _cards()


def downgrade() -> None:
    op.drop_table("kanban_card")
    op.drop_table("kanban_rule")
    op.drop_table("kanban_lane")
    op.drop_table("kanban_board")
