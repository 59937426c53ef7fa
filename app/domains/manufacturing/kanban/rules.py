"""Use cases of replenishment rules. A rule that is due makes its card as soon as it is stated."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.kanban.errors import BoardNotFound, KanbanRuleNotFound
from app.domains.manufacturing.kanban.events import RuleCreated, RuleUpdated
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanRule
from app.domains.manufacturing.kanban.replenishment import judge
from app.domains.manufacturing.kanban.schemas import KanbanRuleCreate, KanbanRulePatch, KanbanRuleRead
from app.domains.manufacturing.stock.locations import service as locations
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx

R = KanbanRule


def create(tx: WriteTx, data: KanbanRuleCreate) -> UUID:
    """Raises `ItemNotFound`, `BoardNotFound`, `LocationNotFound`; 422 for a location that holds no stock.

    The database refuses a second rule for the same place.
    """
    items.lock(tx, [data.item_id])
    tx.one(select(KanbanBoard.id).where(KanbanBoard.id == data.board_id), BoardNotFound)
    if data.location_id is not None:
        place = locations.places(tx, [data.location_id])[data.location_id]
        if not place.holds_stock:
            raise invalid("location_id", "holds_no_stock", f"{place.code} holds no stock.")
    rule = tx.add(R(**data.model_dump(), created_at=tx.now, updated_at=tx.now))
    tx.emit(
        RuleCreated(rule_id=rule.id, board_id=rule.board_id, item_id=rule.item_id),
        subject=ref("rule", rule.id),
        related=[ref("board", rule.board_id), ref("item", rule.item_id)],
        after=data.model_dump(mode="json"),
    )
    judge(tx, [rule])
    return rule.id


def change(tx: WriteTx, rule_id: UUID, data: KanbanRulePatch) -> None:
    """A rule that is no longer active keeps its open card. Raises `KanbanRuleNotFound`."""
    known = tx.one(select(R.item_id).where(R.id == rule_id), KanbanRuleNotFound)
    items.lock(tx, [known.item_id])
    rule = tx.get(select(R).where(R.id == rule_id).with_for_update(key_share=True), KanbanRuleNotFound)
    tx.match(rule)
    before = _state(rule)
    for name, value in data.model_dump(exclude_unset=True).items():
        if value is not None:
            setattr(rule, name, value)
    rule.version += 1
    rule.updated_at = tx.now
    tx.flush()
    tx.emit(
        RuleUpdated(rule_id=rule_id, board_id=rule.board_id, item_id=rule.item_id),
        subject=ref("rule", rule_id),
        related=[ref("board", rule.board_id), ref("item", rule.item_id)],
        before=before,
        after=_state(rule),
    )
    judge(tx, [rule])


def _state(rule: KanbanRule) -> dict[str, Any]:
    return KanbanRuleRead.model_validate(rule).model_dump(
        mode="json", include={"reorder_point", "order_quantity", "priority", "lead_time_days", "is_active"}
    )
