"""Events of kanban."""

from uuid import UUID

from app.domains.manufacturing import permissions as p
from app.kernel.events.envelope import Event


class CardRequested(Event, type="kanban.card_requested", permission=p.PPIC_VIEW):
    """A department asked for something; `rule_id` when a replenishment rule did for it."""

    card_id: UUID
    card_number: str
    board_id: UUID
    product_id: UUID
    quantity: str
    rule_id: UUID | None


class CardMoved(Event, type="kanban.card_moved", permission=p.PPIC_VIEW):
    """A card was approved, rejected, shipped or received. `automatic`: by the board's threshold."""

    card_id: UUID
    card_number: str
    board_id: UUID
    from_status: str
    to_status: str
    automatic: bool


class LimitOverridden(Event, type="kanban.limit_overridden", permission=p.PPIC_VIEW):
    """Somebody put a card into a lane that was full, for a reason."""

    card_id: UUID
    board_id: UUID
    lane: str
    current: int
    limit: int
    reason: str


class ReplenishmentWaiting(Event, type="kanban.replenishment_waiting", permission=p.PPIC_VIEW):
    """Stock fell to a reorder point, but the board takes no more requests; the card follows when one leaves."""

    rule_id: UUID
    board_id: UUID
    item_id: UUID
    current: int
    limit: int


class BoardCreated(Event, type="kanban.board_created", permission=p.PPIC_VIEW):
    """A department got a board."""

    board_id: UUID
    department: str


class BoardUpdated(Event, type="kanban.board_updated", permission=p.PPIC_VIEW):
    """The limits or the threshold of a board were changed."""

    board_id: UUID
    department: str


class RuleCreated(Event, type="kanban.rule_created", permission=p.PPIC_VIEW):
    """A replenishment rule was set up."""

    rule_id: UUID
    board_id: UUID
    item_id: UUID


class RuleUpdated(Event, type="kanban.rule_updated", permission=p.PPIC_VIEW):
    """A replenishment rule was changed."""

    rule_id: UUID
    board_id: UUID
    item_id: UUID
