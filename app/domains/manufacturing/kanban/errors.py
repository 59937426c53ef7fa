"""What can go wrong with kanban."""

from pydantic import BaseModel, Field

from app.domains.manufacturing.kanban.words import CardAction, CardStatus
from app.kernel.problem import Conflict, NotFound, Problem


class CardMembers(BaseModel):
    card_status: CardStatus
    allowed: list[CardAction] = Field(description="What may be done with the card as it is.")


class LaneMembers(BaseModel):
    department: str
    lane: CardStatus
    current: int = Field(description="Cards in the lane.")
    limit: int = Field(description="Cards that may be in it.")


class CardNotFound(NotFound):
    """No such card in this tenant."""

    code, title = "card_not_found", "Card not found"


class BoardNotFound(NotFound):
    """No such board, or no board of that department, in this tenant."""

    code, title = "board_not_found", "Board not found"


class KanbanRuleNotFound(NotFound):
    """No such replenishment rule in this tenant."""

    code, title = "kanban_rule_not_found", "Replenishment rule not found"


class BoardTaken(Conflict):
    """The department has a board."""

    code, title = "board_taken", "Board taken"


class RuleTaken(Conflict):
    """The board has a rule for the item at this location."""

    code, title = "kanban_rule_taken", "Replenishment rule taken"


class CardMoveRefused(Conflict):
    """The card's status does not allow the move; `allowed` says what it does allow."""

    code, title = "card_move_refused", "Move refused"
    extra = CardMembers


class LaneFull(Conflict):
    """The lane holds as many cards as it may; `current` and `limit` say how many.

    Who may approve (`ppic.approve`) can go over it with `override` and a reason.
    """

    code, title = "lane_full", "Lane full"
    extra = LaneMembers


CONSTRAINTS: dict[str, Problem] = {
    "uq_kanban_board_tenant_id_slug": BoardTaken("The department has a board."),
    "uq_kanban_rule_place": RuleTaken("The board has a rule for the item at this location."),
}
