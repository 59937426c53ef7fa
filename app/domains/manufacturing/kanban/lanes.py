"""The limits of work in progress: a card takes a place in one statement, or finds none."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select, update

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.kanban.errors import LaneFull
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanLane
from app.domains.manufacturing.kanban.schemas import needed
from app.domains.manufacturing.kanban.words import CardStatus
from app.kernel.problem import PermissionDenied
from app.kernel.tx import WriteTx

L = KanbanLane


@dataclass(frozen=True, slots=True)
class Override:
    """The wish to go over a limit, as it came in."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that was gone over, and how many cards were in the lane before."""

    lane: CardStatus
    current: int
    limit: int
    reason: str


def try_enter(tx: WriteTx, board_id: UUID, lane: CardStatus) -> bool:
    """Take a place, when there is one."""
    taken = tx.execute(
        update(L)
        .where(
            L.board_id == board_id,
            L.status == lane.value,
            or_(L.wip_limit.is_(None), L.cards < L.wip_limit),
        )
        .values(cards=L.cards + 1)
    )
    return bool(taken.rowcount)


def enter(
    tx: WriteTx, board: KanbanBoard, lane: CardStatus, override: Override | None = None
) -> Exceeded | None:
    """Take a place; what was gone over, when an override was needed.

    Raises `LaneFull`, and for an override `PermissionDenied` or 422 without a reason.
    """
    if try_enter(tx, board.id, lane):
        return None
    place = (L.board_id == board.id) & (L.status == lane.value)
    row = tx.execute(select(L.cards, L.wip_limit).where(place)).one()
    if override is None:
        raise LaneFull(
            f"{board.department} has {row.cards} of at most {row.wip_limit} cards {lane.value}.",
            department=board.department,
            lane=lane.value,
            current=row.cards,
            limit=row.wip_limit,
        )
    if not tx.principal.can(p.PPIC_APPROVE):
        raise PermissionDenied(
            f"Going over a limit needs the permission {p.PPIC_APPROVE}.", permission=str(p.PPIC_APPROVE)
        )
    reason = needed("override_reason", override.reason)
    tx.execute(update(L).where(place).values(cards=L.cards + 1))
    return Exceeded(lane, row.cards, row.wip_limit, reason)


def leave(tx: WriteTx, board_id: UUID, lane: CardStatus) -> None:
    tx.execute(update(L).where(L.board_id == board_id, L.status == lane.value).values(cards=L.cards - 1))
