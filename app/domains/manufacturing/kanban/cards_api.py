"""`/api/ppic/kanban/cards` and `/api/ppic/kanban/dashboard`."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.kanban import moving, queries
from app.domains.manufacturing.kanban.errors import BoardNotFound, CardMoveRefused, CardNotFound, LaneFull
from app.domains.manufacturing.kanban.schemas import (
    CardCreate,
    CardFilter,
    CardMove,
    CardRead,
    CardReceive,
    CardReject,
    DashboardRead,
)
from app.kernel.api.body_or_query import BodyOrQuery
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/ppic/kanban", tags=["Kanban"])

Department = Annotated[str, Path(max_length=100, description="The department's name, in any spelling.")]


@router.post("/cards", permission=p.PPIC_UPDATE, status_code=201, errors=[ItemNotFound, LaneFull])
def request_kanban_card(body: CardCreate, tx: WriteTx) -> CardRead:
    """Ask for a quantity of an item. Small ones are approved at once where the board says so."""
    return queries.one_card(tx, moving.request(tx, body))


@router.get("/cards", permission=p.PPIC_VIEW)
def list_kanban_cards(tx: ReadTx, wanted: Annotated[CardFilter, Query()]) -> Page[CardRead]:
    """Cards, oldest first; statuses and priorities in any spelling."""
    return _cards(tx, wanted)


@router.get("/cards/all", permission=p.PPIC_VIEW)
def list_all_kanban_cards(tx: ReadTx, wanted: Annotated[CardFilter, Query()]) -> Page[CardRead]:
    """The same under the address that older clients ask."""
    return _cards(tx, wanted)


@router.get("/cards/{card_id:uuid}", permission=p.PPIC_VIEW, errors=[CardNotFound])
def get_kanban_card(card_id: UUID, tx: ReadTx) -> CardRead:
    """One card."""
    return queries.one_card(tx, card_id)


@router.post(
    "/cards/{card_id:uuid}/approve",
    permission=p.PPIC_UPDATE,
    errors=[CardNotFound, CardMoveRefused, LaneFull],
)
def approve_kanban_card(
    card_id: UUID, body: Annotated[CardMove, BodyOrQuery(CardMove)], tx: WriteTx
) -> CardRead:
    """Approve a requested card."""
    moving.approve(tx, card_id, body)
    return queries.one_card(tx, card_id)


@router.post("/cards/{card_id:uuid}/reject", permission=p.PPIC_UPDATE, errors=[CardNotFound, CardMoveRefused])
def reject_kanban_card(
    card_id: UUID, body: Annotated[CardReject, BodyOrQuery(CardReject)], tx: WriteTx
) -> CardRead:
    """Reject a card that is not on its way yet, for a reason."""
    moving.reject(tx, card_id, body.reason)
    return queries.one_card(tx, card_id)


@router.post(
    "/cards/{card_id:uuid}/ship", permission=p.PPIC_UPDATE, errors=[CardNotFound, CardMoveRefused, LaneFull]
)
def ship_kanban_card(
    card_id: UUID, body: Annotated[CardMove, BodyOrQuery(CardMove)], tx: WriteTx
) -> CardRead:
    """Send an approved card's goods on their way."""
    moving.ship(tx, card_id, body)
    return queries.one_card(tx, card_id)


@router.post(
    "/cards/{card_id:uuid}/receive", permission=p.PPIC_UPDATE, errors=[CardNotFound, CardMoveRefused]
)
def receive_kanban_card(
    card_id: UUID, body: Annotated[CardReceive, BodyOrQuery(CardReceive)], tx: WriteTx
) -> CardRead:
    """State that the goods arrived. Stock is moved by its own calls."""
    moving.receive(tx, card_id, body.qty_received)
    return queries.one_card(tx, card_id)


@router.get("/dashboard/{board_name}", permission=p.PPIC_VIEW, errors=[BoardNotFound])
def get_kanban_dashboard(board_name: Department, tx: ReadTx) -> DashboardRead:
    """A department's board in figures."""
    return queries.dashboard(tx, board_name)


def _cards(tx: ReadTx, wanted: CardFilter) -> Page[CardRead]:
    return page(tx, queries.cards(wanted), wanted, queries.card, keys=queries.CARD_SORT, default="id")
