"""Requesting cards and moving them over the board."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from app.domains.manufacturing.items import service as items
from app.domains.manufacturing.kanban import boards, lanes
from app.domains.manufacturing.kanban.errors import CardMoveRefused, CardNotFound
from app.domains.manufacturing.kanban.events import CardMoved
from app.domains.manufacturing.kanban.lanes import Override
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanCard
from app.domains.manufacturing.kanban.replenishment import resume
from app.domains.manufacturing.kanban.requests import Request, card_number, make, note_override
from app.domains.manufacturing.kanban.schemas import CardCreate, CardMove, needed
from app.domains.manufacturing.kanban.words import LANES, CardAction, CardStatus, allowed, origins, target
from app.domains.manufacturing.orders.history import who
from app.domains.manufacturing.quantities import plain
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx

B, C = KanbanBoard, KanbanCard


def request(tx: WriteTx, data: CardCreate) -> UUID:
    """Raises `ItemNotFound`, `LaneFull`, and what an override lacks."""
    items.get(tx, data.product_id)
    board = boards.hold_department(tx, data.department)
    asked = Request(
        product_id=data.product_id,
        quantity=data.qty_requested,
        priority=data.priority.value,
        requested_by=who(tx),
        needed_by=data.needed_by,
        notes=data.notes,
    )
    return make(tx, board, asked, Override(data.override_reason) if data.override else None).id


def approve(tx: WriteTx, card_id: UUID, data: CardMove) -> None:
    """Raises `CardNotFound`, `CardMoveRefused`, `LaneFull`, and what an override lacks."""
    card = _card(tx, card_id, CardAction.APPROVE)
    card.approved_by, card.approved_at = who(tx), tx.now
    _move(tx, card, CardAction.APPROVE, Override(data.override_reason) if data.override else None)


def ship(tx: WriteTx, card_id: UUID, data: CardMove) -> None:
    """Raises `CardNotFound`, `CardMoveRefused`, `LaneFull`, and what an override lacks."""
    card = _card(tx, card_id, CardAction.SHIP)
    card.shipped_by, card.shipped_at = who(tx), tx.now
    _move(tx, card, CardAction.SHIP, Override(data.override_reason) if data.override else None)


def reject(tx: WriteTx, card_id: UUID, reason: str | None) -> None:
    """422 without a reason. Raises `CardNotFound`, `CardMoveRefused`."""
    card = _card(tx, card_id, CardAction.REJECT)
    said = needed("reason", reason)
    card.rejected_by, card.rejected_at, card.reject_reason = who(tx), tx.now, said
    _move(tx, card, CardAction.REJECT)


def receive(tx: WriteTx, card_id: UUID, quantity: Decimal | None) -> None:
    """A card moves no stock: that is booked where it happens. Raises `CardNotFound`, `CardMoveRefused`."""
    card = _card(tx, card_id, CardAction.RECEIVE)
    card.received_by, card.received_at = who(tx), tx.now
    card.qty_received = card.qty_requested if quantity is None else quantity
    _move(tx, card, CardAction.RECEIVE)


def _card(tx: WriteTx, card_id: UUID, action: CardAction) -> KanbanCard:
    card = tx.get(select(C).where(C.id == card_id).with_for_update(), CardNotFound)
    tx.match(card)
    if card.status not in origins(action):
        possible = [each.value for each in allowed(card.status)]
        raise CardMoveRefused(
            f"The card is {card.status}; that allows {', '.join(possible) or 'nothing more'}.",
            card_status=card.status,
            allowed=list(possible),
        )
    return card


def _move(tx: WriteTx, card: KanbanCard, action: CardAction, override: Override | None = None) -> None:
    """From lane to lane, in the order of the lanes, while the board is held."""
    was, to = CardStatus(card.status), target(action)
    card.status = to.value
    card.version += 1
    card.updated_at = tx.now
    board = tx.session.execute(
        select(B).where(B.id == card.board_id).with_for_update(key_share=True)
    ).scalar_one()
    lanes.leave(tx, board.id, was)
    exceeded = lanes.enter(tx, board, to, override) if to in LANES else None
    tx.emit(
        CardMoved(
            card_id=card.id,
            card_number=card_number(board.slug, card.number),
            board_id=board.id,
            from_status=was.value,
            to_status=to.value,
            automatic=False,
        ),
        subject=ref("card", card.id),
        related=[ref("board", board.id), ref("item", card.product_id)],
        before={"status": was.value},
        after={
            "status": to.value,
            "reason": card.reject_reason,
            "qty_received": plain(card.qty_received) if card.qty_received is not None else None,
        },
    )
    if exceeded is not None:
        note_override(tx, card, exceeded)
    if was is CardStatus.REQUESTED:
        resume(tx, board)
