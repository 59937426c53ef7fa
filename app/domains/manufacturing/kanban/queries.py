"""Reading cards, boards and what a department's dashboard shows."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, func, select

from app.domains.manufacturing.items.models import Item
from app.domains.manufacturing.kanban.errors import BoardNotFound, CardNotFound
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanCard, KanbanLane, KanbanRule
from app.domains.manufacturing.kanban.requests import card_number
from app.domains.manufacturing.kanban.schemas import (
    BoardRead,
    CardFilter,
    CardRead,
    DashboardRead,
    KanbanRuleFilter,
    LaneRead,
)
from app.domains.manufacturing.kanban.words import LANES, OPEN, PRIORITIES, allowed, slug
from app.domains.manufacturing.units.models import Unit
from app.kernel.tx import AnyRow, AnySelect, ReadTx

B, C, L, R = KanbanBoard, KanbanCard, KanbanLane, KanbanRule

CARDS: AnySelect = (
    select(
        *(c for c in C.__table__.c if c.name != "tenant_id"),
        B.department,
        B.slug,
        Item.code.label("product_code"),
        Item.name.label("product_name"),
        Unit.code.label("uom"),
    )
    .join(B, (B.tenant_id == C.tenant_id) & (B.id == C.board_id))
    .join(Item, (Item.tenant_id == C.tenant_id) & (Item.id == C.product_id))
    .join(Unit, (Unit.tenant_id == Item.tenant_id) & (Unit.id == Item.unit_id))
)
CARD_SORT = {"id": C.id, "created_at": C.created_at}
_HELD = (
    select(func.jsonb_object_agg(L.status, func.jsonb_build_array(L.cards, L.wip_limit)))
    .where(L.tenant_id == B.tenant_id, L.board_id == B.id)
    .scalar_subquery()
    .label("held")
)
BOARDS: AnySelect = select(*(c for c in B.__table__.c if c.name not in {"tenant_id", "last_number"}), _HELD)
RULES: AnySelect = select(*(c for c in R.__table__.c if c.name != "tenant_id"))
BY_URGENCY = case({word.value: rank for rank, word in enumerate(PRIORITIES)}, value=C.priority)
_WINDOW = timedelta(days=30)


def card(row: AnyRow) -> CardRead:
    known = row._asdict()
    known |= {"card_number": card_number(row.slug, row.number), "allowed": allowed(row.status)}
    return CardRead.model_validate(known)


def one_card(tx: ReadTx, card_id: UUID) -> CardRead:
    """Raises `CardNotFound`."""
    return card(tx.one(CARDS.where(C.id == card_id), CardNotFound))


def cards(wanted: CardFilter) -> AnySelect:
    found = CARDS
    if wanted.status is not None:
        found = found.where(C.status == wanted.status.value)
    if wanted.department is not None:
        found = found.where(B.slug == slug(wanted.department))
    if wanted.priority is not None:
        found = found.where(C.priority == wanted.priority.value)
    return found


def rules(wanted: KanbanRuleFilter) -> AnySelect:
    found = RULES
    if wanted.board_id is not None:
        found = found.where(R.board_id == wanted.board_id)
    if wanted.item_id is not None:
        found = found.where(R.item_id == wanted.item_id)
    return found


def board(row: AnyRow) -> BoardRead:
    """Its lanes in the order in which a card passes them."""
    lanes = [
        LaneRead(lane=lane, cards=row.held[lane.value][0], limit=row.held[lane.value][1]) for lane in LANES
    ]
    return BoardRead.model_validate(row._asdict() | {"lanes": lanes})


def one_board(tx: ReadTx, board_id: UUID) -> BoardRead:
    """Raises `BoardNotFound`."""
    return board(tx.one(BOARDS.where(B.id == board_id), BoardNotFound))


def board_of(tx: ReadTx, department: str) -> BoardRead:
    """Raises `BoardNotFound`."""
    return board(
        tx.one(BOARDS.where(B.slug == slug(department)), BoardNotFound(f"{department} has no board."))
    )


def dashboard(tx: ReadTx, department: str) -> DashboardRead:
    """Raises `BoardNotFound`."""
    shown = board_of(tx, department)
    mine = C.board_id == shown.id
    is_open = C.status.in_(OPEN)
    by_priority = {
        row.priority: row.cards
        for row in tx.all(
            select(C.priority, func.count().label("cards")).where(mine, is_open).group_by(C.priority)
        )
    }
    since = tx.now - _WINDOW
    received = (C.status == "RECEIVED") & (C.received_at >= since)
    totals = tx.all(
        select(
            func.count().filter(is_open, C.needed_by < tx.now).label("overdue"),
            func.count().filter(received).label("received_30d"),
            func.count().filter(C.status == "REJECTED", C.rejected_at >= since).label("rejected_30d"),
            func.avg(func.extract("epoch", C.received_at - C.created_at))
            .filter(received)
            .label("mean_lead_seconds"),
        ).where(mine)
    )[0]
    return DashboardRead(
        board_id=shown.id,
        department=shown.department,
        lanes=shown.lanes,
        open_by_priority={word.value: by_priority.get(word.value, 0) for word in PRIORITIES},
        **totals._asdict(),
    )
