"""What the acts share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from blackbox.api import Api, Observer
from blackbox.facts import Facts
from blackbox.tenants import Tenant

from story.ledger import Ledger
from story.receiver import Receiver
from story.rival import Rival
from story.stack import Stack

DEAF = "for this server may not call private addresses (HANGAR_EGRESS_ALLOW_PRIVATE)"
NO_STACK = "for it acts on the servers themselves and APP_BASE_URL names somebody else's"


@dataclass
class World:
    """`stack` is None when the server is somebody else's. `hears`: webhooks reach us, those after `heard_since`."""

    facts: Facts
    base_url: str
    stack: Stack | None
    fleet: Tenant = field(init=False)
    foreign: Tenant = field(init=False)
    dispatcher: Api = field(init=False)
    receiver: Receiver = field(init=False)
    hears: bool = False
    heard_since: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    rival: Rival = field(default_factory=Rival)
    remembered: dict[str, str] = field(default_factory=dict)

    @property
    def observers(self) -> list[Observer]:
        return [self.ledger.observe, self.rival.observe]

    def with_stack(self, play: Callable[[Stack], None]) -> Callable[[], None] | None:
        """`play` bound to the servers, or None when they are not ours to touch."""
        stack = self.stack
        return None if stack is None else lambda: play(stack)

    def when_heard(self, play: Callable[[], None]) -> Callable[[], None] | None:
        return play if self.hears else None


def now() -> str:
    return datetime.now(UTC).isoformat()
