"""Rules that make cards when stock has fallen to a reorder point, in the transaction that moved it.

Locks are taken in this order everywhere: items, rules, boards, lanes. A rule that finds its board full waits; it is
tried again as soon as a request leaves the board.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select, text

from app.domains.manufacturing.kanban.errors import LaneFull
from app.domains.manufacturing.kanban.events import ReplenishmentWaiting
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanRule
from app.domains.manufacturing.kanban.requests import Request, make
from app.kernel.events.envelope import ref
from app.kernel.events.outbox import PendingEvent
from app.kernel.tx import WriteTx

B, R = KanbanBoard, KanbanRule
_DUE = text("""
SELECT r.id FROM kanban_rule r
LEFT JOIN location here ON here.tenant_id = r.tenant_id AND here.id = r.location_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.on_hand - b.owed), 0) AS quantity
    FROM stock_balance b JOIN location p ON p.tenant_id = b.tenant_id AND p.id = b.location_id
    WHERE b.tenant_id = r.tenant_id AND b.item_id = r.item_id
      AND (here.id IS NULL OR starts_with(p.path, here.path))
) AS level
WHERE r.tenant_id = :tenant AND r.id = ANY(CAST(:rules AS uuid[])) AND level.quantity <= r.reorder_point
  AND NOT EXISTS (
    SELECT FROM kanban_card c
    WHERE c.tenant_id = r.tenant_id AND c.rule_id = r.id AND c.status IN ('REQUESTED', 'APPROVED', 'IN_TRANSIT'))
""").bindparams(bindparam("rules", type_=ARRAY(Uuid())))
_OF_ITEMS = (
    select(R)
    .where(R.item_id == func.any(bindparam("items", type_=ARRAY(Uuid()))), R.is_active)
    .order_by(R.board_id, R.id)
    .with_for_update(key_share=True)
)


def replenish(tx: WriteTx, event: PendingEvent) -> None:
    """Hears `stock.moved`. Whoever moves stock holds its items."""
    item_ids = [UUID(item_id) for item_id in event.payload["item_ids"]]
    judge(tx, tx.objects(_OF_ITEMS, {"items": item_ids}))


def resume(tx: WriteTx, board: KanbanBoard) -> None:
    """Try the rules that wait for a place on this board, which the caller holds; the first to wait first.

    A rule that another transaction holds is left to it: that one looks at the board after us.
    """
    waiting = (
        select(R)
        .where(R.board_id == board.id, R.waiting_since.is_not(None))
        .order_by(R.waiting_since, R.id)
        .with_for_update(key_share=True, skip_locked=True)
    )
    judge(tx, tx.objects(waiting))


def judge(tx: WriteTx, rules: Sequence[KanbanRule]) -> None:
    """Make the cards that are due. The caller holds the rules; a rule with an open card makes none."""
    if not rules:
        return
    tx.flush()
    found = tx.conn.execute(_DUE, {"tenant": tx.tenant_id, "rules": [rule.id for rule in rules]})
    due = {row.id for row in found}
    for rule in rules:
        if rule.id in due and rule.is_active:
            _fire(tx, rule)
        else:
            rule.waiting_since = None
    tx.flush()


def _fire(tx: WriteTx, rule: KanbanRule) -> None:
    board = tx.session.execute(
        select(B).where(B.id == rule.board_id).with_for_update(key_share=True)
    ).scalar_one()
    asked = Request(
        product_id=rule.item_id,
        quantity=rule.order_quantity,
        priority=rule.priority,
        requested_by=ref("rule", rule.id),
        needed_by=tx.now + timedelta(days=rule.lead_time_days),
        rule_id=rule.id,
    )
    try:
        make(tx, board, asked)
    except LaneFull as full:
        _wait(tx, rule, full)
    else:
        rule.waiting_since = None


def _wait(tx: WriteTx, rule: KanbanRule, full: LaneFull) -> None:
    if rule.waiting_since is not None:
        return
    rule.waiting_since = tx.now
    tx.emit(
        ReplenishmentWaiting(
            rule_id=rule.id,
            board_id=rule.board_id,
            item_id=rule.item_id,
            current=int(str(full.members["current"])),
            limit=int(str(full.members["limit"])),
        ),
        subject=ref("rule", rule.id),
        related=[ref("board", rule.board_id), ref("item", rule.item_id)],
    )
