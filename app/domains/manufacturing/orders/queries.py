"""Reading manufacturing orders."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.orders.models import (
    ProductionBuiltFrom,
    ProductionComponent,
    ProductionIssue,
    ProductionOrder,
    ProductionOutput,
    ProductionTransition,
)
from app.domains.manufacturing.orders.schemas import TaskFilter
from app.domains.manufacturing.stock.models import Lot, StockReservation
from app.kernel.tx import AnySelect

O, C, R = ProductionOrder, ProductionComponent, StockReservation  # noqa: E741
KIND = "task"
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
UNDER_WAY = ("APPROVED", "IN_PROGRESS", "ON_HOLD")
SORT = {
    "id": O.id,
    "created_at": O.created_at,
    "due_at": func.coalesce(O.due_at, literal(_NEVER)),
    "number": O.number,
}


def _kept() -> Any:
    """What is reserved for a component and not yet issued."""
    return (
        select(func.coalesce(func.sum(R.open), 0))
        .where(
            R.tenant_id == C.tenant_id,
            R.demand_ref == func.concat(f"{KIND}:", cast(C.order_id, Text)),
            R.item_id == C.item_id,
            R.line_ref == cast(C.id, Text),
        )
        .correlate(C)
        .scalar_subquery()
    )


def _missing() -> Any:
    return func.greatest(C.qty_required - C.qty_issued - _kept(), 0)


def _shortages() -> Any:
    per_line = (
        select(
            C.position,
            C.item_id,
            Item.code.label("item_code"),
            C.qty_required.label("required"),
            _missing().label("missing"),
        )
        .join(Item, and_(Item.tenant_id == C.tenant_id, Item.id == C.item_id))
        .where(C.tenant_id == O.tenant_id, C.order_id == O.id)
        .correlate(O)
        .subquery("per_line")
    )
    line = func.jsonb_build_object(
        "item_id", per_line.c.item_id, "item_code", per_line.c.item_code,
        "required", cast(per_line.c.required, Text), "missing", cast(per_line.c.missing, Text),
    )  # fmt: skip
    found = (
        select(func.jsonb_agg(aggregate_order_by(line, per_line.c.position)))
        .where(per_line.c.missing > 0)
        .scalar_subquery()
    )
    return case(
        (O.status.in_(UNDER_WAY), func.coalesce(found, cast(literal("[]"), JSONB))),
        else_=cast(literal("[]"), JSONB),
    )


_TASKS: AnySelect = select(
    *O.__table__.c, Item.code.label("product_code"), _shortages().label("shortages")
).join(Item, and_(Item.tenant_id == O.tenant_id, Item.id == O.product_id))


def tasks() -> AnySelect:
    return _TASKS


def filtered(wanted: TaskFilter) -> AnySelect:
    found = _TASKS
    for name in ("status", "product_id", "department", "priority", "material_status"):
        value = getattr(wanted, name)
        if value is not None:
            found = found.where(getattr(O, name) == value)
    if wanted.due_before is not None:
        found = found.where(O.due_at < wanted.due_before)
    return found


def locked(task_ids: Sequence[UUID]) -> AnySelect:
    """Tasks in the order in which everybody locks them."""
    return select(*O.__table__.c).where(O.id.in_(sorted(set(task_ids)))).order_by(O.id).with_for_update(of=O)


def components(task_id: UUID) -> AnySelect:
    return (
        select(
            *C.__table__.c,
            Item.code.label("item_code"),
            Item.name.label("item_name"),
            _kept().label("qty_reserved"),
            _missing().label("qty_missing"),
        )
        .join(Item, and_(Item.tenant_id == C.tenant_id, Item.id == C.item_id))
        .where(C.order_id == task_id)
        .order_by(C.position)
    )


def needs(task_ids: Sequence[UUID]) -> AnySelect:
    """Every component of these tasks with what is kept for it and what is missing, in item order."""
    return (
        select(*C.__table__.c, _kept().label("qty_reserved"), _missing().label("qty_missing"))
        .where(C.order_id.in_(task_ids))
        .order_by(C.item_id, C.order_id, C.position)
    )


def history(task_id: UUID) -> AnySelect:
    t = ProductionTransition
    return select(*t.__table__.c).where(t.order_id == task_id).order_by(t.at, t.id)


def outputs(task_id: UUID) -> AnySelect:
    o = ProductionOutput
    return select(*o.__table__.c).where(o.order_id == task_id).order_by(o.id)


def built_from(output_ids: Sequence[UUID]) -> AnySelect:
    b = ProductionBuiltFrom
    return (
        select(*b.__table__.c, Item.code.label("item_code"))
        .join(Item, and_(Item.tenant_id == b.tenant_id, Item.id == b.item_id))
        .where(b.output_id.in_(output_ids))
        .order_by(b.output_id, b.id)
    )


def states(task_ids: Sequence[UUID]) -> AnySelect:
    return select(O.id, O.status, O.material_status, O.qty_good).where(O.id.in_(task_ids))


def lots(lot_ids: Sequence[UUID]) -> AnySelect:
    return select(Lot.id, Lot.item_id).where(Lot.id.in_(lot_ids)).order_by(Lot.item_id, Lot.id)


def loose(task_id: UUID, lot_ids: Sequence[UUID]) -> AnySelect:
    """What of these lots was issued to the task and is in no output."""
    i = ProductionIssue
    return (
        select(i.lot_id, func.sum(i.quantity - i.qty_assigned).label("left"))
        .where(i.order_id == task_id, i.lot_id.in_(lot_ids))
        .group_by(i.lot_id)
    )
