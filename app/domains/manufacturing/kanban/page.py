"""`/kanban`: the boards as pages. Moving a card is a plain form; the script only shows what others move."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Form, Path
from pydantic import BaseModel, StringConstraints
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.kanban import moving, queries
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanCard
from app.domains.manufacturing.kanban.schemas import BoardRead, CardMove, CardRead, LaneRead
from app.domains.manufacturing.kanban.words import LANES, CardAction, CardStatus, target
from app.domains.manufacturing.quantities import plain
from app.kernel.api.routing import Router
from app.kernel.api.schemas import BlankIsNone
from app.kernel.events.models import EventHead
from app.kernel.problem import Problem
from app.kernel.tx import AnonymousTx, ReadTx, WriteTx
from app.platform import events
from app.platform.pages import add_link, add_static, add_templates, enter_page, render

router = Router("/kanban")
add_templates("app.domains.manufacturing")
add_static("app.domains.manufacturing")
add_link("/kanban", "Kanban")

B, C = KanbanBoard, KanbanCard
OPEN_SHOWN, CLOSED_SHOWN = 500, 10
_NAMES = {
    CardStatus.REQUESTED: "Requested",
    CardStatus.APPROVED: "Approved",
    CardStatus.IN_TRANSIT: "In transit",
    CardStatus.RECEIVED: "Received",
    CardStatus.REJECTED: "Rejected",
}
_WATCHED = (
    "kanban.card_requested",
    "kanban.card_moved",
    "kanban.board_updated",
)

Department = Annotated[str, Path(max_length=100)]
Text = Annotated[
    str | None, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$"), BlankIsNone
]


class MoveForm(BaseModel):
    card_id: UUID
    action: CardAction
    csrf: Annotated[str, StringConstraints(max_length=300)] = ""
    reason: Text = None
    override_reason: Text = None


@dataclass(frozen=True, slots=True)
class Column:
    """One status on the page; `lane` is None for cards that are done."""

    status: CardStatus
    name: str
    lane: LaneRead | None
    cards: list[CardRead]

    @property
    def full(self) -> bool:
        return self.lane is not None and self.lane.limit is not None and self.lane.cards >= self.lane.limit


@router.get("", permission=p.PPIC_VIEW, page=True)
def show_kanban_boards(request: Request, tx: ReadTx) -> Response:
    """The boards of all departments."""
    boards = [queries.board(row) for row in tx.all(queries.BOARDS.order_by(B.slug))]
    return render(request, "kanban/boards.html", boards=boards, names=_NAMES)


@router.get("/{board_name}", permission=p.PPIC_VIEW, page=True)
def show_kanban_board(request: Request, board_name: Department, tx: ReadTx) -> Response:
    """A department's board: a column per status, the most urgent cards on top."""
    return _show(request, tx, queries.board_of(tx, board_name))


@router.post("/{board_name}", public=True, page=True)
def move_card_on_board(
    request: Request, board_name: Department, form: Annotated[MoveForm, Form()], tx: AnonymousTx
) -> Response:
    """Move a card. What refuses the move is said above the board as it is now."""
    enter_page(request, tx, form.csrf, p.PPIC_UPDATE)
    board = queries.board_of(tx, board_name)
    try:
        with tx.savepoint():
            _move(tx, form)
    except Problem as problem:
        shown = queries.board_of(tx, board_name)
        return _show(request, tx, shown, status=problem.status, refused=problem.detail)
    return RedirectResponse(f"/kanban/{board.slug}#card-{form.card_id}", 303, {"Cache-Control": "no-store"})


def _move(tx: WriteTx, form: MoveForm) -> None:
    over = CardMove(override=form.override_reason is not None, override_reason=form.override_reason)
    match form.action:
        case CardAction.APPROVE:
            moving.approve(tx, form.card_id, over)
        case CardAction.SHIP:
            moving.ship(tx, form.card_id, over)
        case CardAction.REJECT:
            moving.reject(tx, form.card_id, form.reason)
        case CardAction.RECEIVE:
            moving.receive(tx, form.card_id, None)


def _show(
    request: Request, tx: ReadTx, board: BoardRead, *, status: int = 200, refused: str = ""
) -> Response:
    columns = _columns(tx, board)
    full = {column.status for column in columns if column.full}
    live = tx.principal.can(events.EVENTS_READ)
    return render(
        request,
        "kanban/board.html",
        status=status,
        board=board,
        columns=columns,
        names=_NAMES,
        refused=refused,
        now=tx.now,
        goes_to=target,
        amount=plain,
        full=full,
        may_move=tx.principal.can(p.PPIC_UPDATE),
        may_override=tx.principal.can(p.PPIC_APPROVE),
        live=live,
        watched=" ".join(_WATCHED),
        head=(tx.scalar(select(EventHead.seq)) or 0) if live else 0,
    )


def _columns(tx: ReadTx, board: BoardRead) -> list[Column]:
    mine = queries.CARDS.where(C.board_id == board.id)
    urgent_first = (queries.BY_URGENCY, C.needed_by.asc().nulls_last(), C.id)
    found = tx.all(
        mine.where(C.status.in_([lane.value for lane in LANES])).order_by(*urgent_first).limit(OPEN_SHOWN)
    )
    cards = [queries.card(row) for row in found]
    columns = [
        Column(lane.lane, _NAMES[lane.lane], lane, [card for card in cards if card.status is lane.lane])
        for lane in board.lanes
    ]
    for status in (CardStatus.RECEIVED, CardStatus.REJECTED):
        latest = mine.where(C.status == status.value).order_by(C.updated_at.desc(), C.id).limit(CLOSED_SHOWN)
        columns.append(Column(status, _NAMES[status], None, [queries.card(row) for row in tx.all(latest)]))
    return columns
