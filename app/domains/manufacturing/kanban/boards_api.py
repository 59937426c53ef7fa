"""`/api/ppic/kanban/boards` and `/api/ppic/kanban/rules`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.manufacturing import permissions as p
from app.domains.manufacturing.items.errors import ItemNotFound
from app.domains.manufacturing.kanban import boards as service
from app.domains.manufacturing.kanban import queries
from app.domains.manufacturing.kanban import rules as rule_service
from app.domains.manufacturing.kanban.errors import BoardNotFound, BoardTaken, KanbanRuleNotFound, RuleTaken
from app.domains.manufacturing.kanban.models import KanbanBoard, KanbanRule
from app.domains.manufacturing.kanban.schemas import (
    BoardCreate,
    BoardPatch,
    BoardRead,
    KanbanRuleCreate,
    KanbanRuleFilter,
    KanbanRulePatch,
    KanbanRuleRead,
)
from app.domains.manufacturing.stock.errors import LocationNotFound
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

boards = Router("/api/ppic/kanban/boards", tags=["Kanban"])
rules = Router("/api/ppic/kanban/rules", tags=["Kanban"])
_BOARD_SORT = {"id": KanbanBoard.id, "slug": KanbanBoard.slug}
_RULE_SORT = {"id": KanbanRule.id}


@boards.post("", permission=p.PPIC_APPROVE, status_code=201, errors=[BoardTaken])
def create_kanban_board(body: BoardCreate, tx: WriteTx) -> BoardRead:
    """Give a department a board with limits of its own."""
    return queries.one_board(tx, service.create(tx, body))


@boards.get("", permission=p.PPIC_VIEW)
def list_kanban_boards(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[BoardRead]:
    """Boards by department."""
    return page(tx, queries.BOARDS, wanted, queries.board, keys=_BOARD_SORT, default="slug")


@boards.get("/{board_id:uuid}", permission=p.PPIC_VIEW, errors=[BoardNotFound])
def get_kanban_board(board_id: UUID, tx: ReadTx) -> BoardRead:
    """One board: its lanes, their cards and limits."""
    return queries.one_board(tx, board_id)


@boards.patch("/{board_id:uuid}", permission=p.PPIC_APPROVE, errors=[BoardNotFound])
def change_kanban_board(board_id: UUID, body: BoardPatch, tx: WriteTx) -> BoardRead:
    """Change limits or the threshold; a lane that is above its new limit takes no card until it is below."""
    service.change(tx, board_id, body)
    return queries.one_board(tx, board_id)


@rules.post(
    "",
    permission=p.PPIC_APPROVE,
    status_code=201,
    errors=[BoardNotFound, ItemNotFound, LocationNotFound, RuleTaken],
)
def create_kanban_rule(body: KanbanRuleCreate, tx: WriteTx) -> KanbanRuleRead:
    """Have cards made when stock falls to a reorder point; one that is due makes its card at once."""
    return _rule(tx, rule_service.create(tx, body))


@rules.get("", permission=p.PPIC_VIEW)
def list_kanban_rules(tx: ReadTx, wanted: Annotated[KanbanRuleFilter, Query()]) -> Page[KanbanRuleRead]:
    """Replenishment rules, oldest first."""
    return page(
        tx, queries.rules(wanted), wanted, KanbanRuleRead.model_validate, keys=_RULE_SORT, default="id"
    )


@rules.get("/{kanban_rule_id:uuid}", permission=p.PPIC_VIEW, errors=[KanbanRuleNotFound])
def get_kanban_rule(kanban_rule_id: UUID, tx: ReadTx) -> KanbanRuleRead:
    """One replenishment rule."""
    return _rule(tx, kanban_rule_id)


@rules.patch("/{kanban_rule_id:uuid}", permission=p.PPIC_APPROVE, errors=[KanbanRuleNotFound])
def change_kanban_rule(kanban_rule_id: UUID, body: KanbanRulePatch, tx: WriteTx) -> KanbanRuleRead:
    """Change a rule, or end it with `is_active: false`; its open card stays."""
    rule_service.change(tx, kanban_rule_id, body)
    return _rule(tx, kanban_rule_id)


def _rule(tx: ReadTx, rule_id: UUID) -> KanbanRuleRead:
    return KanbanRuleRead.model_validate(
        tx.one(queries.RULES.where(KanbanRule.id == rule_id), KanbanRuleNotFound)
    )
