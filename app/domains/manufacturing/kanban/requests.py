"""Making cards."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.domains.manufacturing.kanban import lanes
from app.domains.manufacturing.kanban.events import CardMoved, CardRequested, LimitOverridden
from app.domains.manufacturing.kanban.lanes import Exceeded, Override
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanCard
from app.domains.manufacturing.kanban.words import CardStatus
from app.domains.manufacturing.quantities import plain
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx


@dataclass(frozen=True, slots=True)
class Request:
    """What a card asks for, and who asks."""

    product_id: UUID
    quantity: Decimal
    priority: str
    requested_by: str
    needed_by: datetime | None = None
    notes: str | None = None
    rule_id: UUID | None = None


def card_number(slug: str, number: int) -> str:
    """`SEWING-0001`."""
    return f"{slug.upper()}-{number:04d}"


def make(tx: WriteTx, board: KanbanBoard, asked: Request, override: Override | None = None) -> KanbanCard:
    """A card on a board that the caller holds; approved at once when the board says so and has room.

    Nothing is written when the lane is full. Raises `LaneFull`, and what an override lacks.
    """
    threshold = board.auto_approve_threshold
    automatic = (
        threshold is not None
        and asked.quantity <= threshold
        and lanes.try_enter(tx, board.id, CardStatus.APPROVED)
    )
    exceeded = None if automatic else lanes.enter(tx, board, CardStatus.REQUESTED, override)
    board.last_number += 1
    card = tx.add(
        KanbanCard(
            board_id=board.id,
            number=board.last_number,
            product_id=asked.product_id,
            qty_requested=asked.quantity,
            priority=asked.priority,
            status=(CardStatus.APPROVED if automatic else CardStatus.REQUESTED).value,
            needed_by=asked.needed_by,
            notes=asked.notes,
            rule_id=asked.rule_id,
            requested_by=asked.requested_by,
            approved_by=ref("board", board.id) if automatic else None,
            approved_at=tx.now if automatic else None,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    _announce(tx, board, card)
    if exceeded is not None:
        note_override(tx, card, exceeded)
    return card


def note_override(tx: WriteTx, card: KanbanCard, exceeded: Exceeded) -> None:
    """Leave in the audit trail that a limit was gone over."""
    tx.emit(
        LimitOverridden(
            card_id=card.id,
            board_id=card.board_id,
            lane=exceeded.lane.value,
            current=exceeded.current,
            limit=exceeded.limit,
            reason=exceeded.reason,
        ),
        subject=ref("card", card.id),
        related=[ref("board", card.board_id)],
    )


def _announce(tx: WriteTx, board: KanbanBoard, card: KanbanCard) -> None:
    number = card_number(board.slug, card.number)
    related = [ref("board", board.id), ref("item", card.product_id)]
    caused = tx.emit(
        CardRequested(
            card_id=card.id,
            card_number=number,
            board_id=board.id,
            product_id=card.product_id,
            quantity=plain(card.qty_requested),
            rule_id=card.rule_id,
        ),
        subject=ref("card", card.id),
        related=related,
        after={"status": card.status, "priority": card.priority},
    )
    if card.status == CardStatus.APPROVED:
        with tx.because(caused):
            tx.emit(
                CardMoved(
                    card_id=card.id,
                    card_number=number,
                    board_id=board.id,
                    from_status=CardStatus.REQUESTED.value,
                    to_status=CardStatus.APPROVED.value,
                    automatic=True,
                ),
                subject=ref("card", card.id),
                related=related,
            )
