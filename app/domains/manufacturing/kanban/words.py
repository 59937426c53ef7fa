"""The words of kanban, and the spellings that older clients send."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator

from app.domains.manufacturing.orders.words import Priority


class CardStatus(StrEnum):
    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    IN_TRANSIT = "IN_TRANSIT"
    RECEIVED = "RECEIVED"
    REJECTED = "REJECTED"


class CardAction(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    SHIP = "ship"
    RECEIVE = "receive"


LANES = (CardStatus.REQUESTED, CardStatus.APPROVED, CardStatus.IN_TRANSIT)
"""The columns in which a card is open, in the order in which it passes them; each has a limit."""
OPEN = tuple(lane.value for lane in LANES)
PRIORITIES = (Priority.URGENT, Priority.HIGH, Priority.NORMAL, Priority.LOW)

_OLD_WORDS = {
    "PENDING": "REQUESTED",
    "IN_PROGRESS": "IN_TRANSIT",
    "COMPLETED": "RECEIVED",
    "CANCELLED": "REJECTED",
}
_MOVES = {
    CardAction.APPROVE: ((CardStatus.REQUESTED,), CardStatus.APPROVED),
    CardAction.REJECT: ((CardStatus.REQUESTED, CardStatus.APPROVED), CardStatus.REJECTED),
    CardAction.SHIP: ((CardStatus.APPROVED,), CardStatus.IN_TRANSIT),
    CardAction.RECEIVE: ((CardStatus.IN_TRANSIT,), CardStatus.RECEIVED),
}


def _spelled(value: Any) -> Any:
    """`In Transit`, `in-transit` and `IN_TRANSIT` are one word; `In Progress` is what it was called before."""
    if not isinstance(value, str):
        return value
    word = re.sub(r"[\s_-]+", "_", value.strip().upper())
    return _OLD_WORDS.get(word, word)


AnyStatus = Annotated[CardStatus, BeforeValidator(_spelled)]
AnyPriority = Annotated[Priority, BeforeValidator(_spelled)]


def origins(action: CardAction) -> tuple[CardStatus, ...]:
    """The statuses in which a card allows the action."""
    return _MOVES[action][0]


def target(action: CardAction) -> CardStatus:
    return _MOVES[action][1]


def allowed(status: str) -> list[CardAction]:
    """What may be done with a card of this status."""
    return [action for action, (froms, _) in _MOVES.items() if status in froms]


def slug(department: str) -> str:
    """`Final Assembly` and `final-assembly` are one department."""
    return re.sub(r"[\W_]+", "-", department.casefold()).strip("-")
