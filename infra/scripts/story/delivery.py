"""Whether every event has reached the webhook receiver."""

import time

from story.world import World

_STALLED_SECONDS = 90.0  # a job of a killed worker is taken up again after some forty
_PAUSE = 0.25


def delivered(world: World) -> None:
    """The fact that every event since the webhook was made has arrived. Waits as long as more keep arriving."""
    receiver, began = world.receiver, time.monotonic()
    wanted = {event["id"] for event in world.fleet.api.pages("/api/events", since_seq=world.heard_since)}
    missing, progress = wanted - set(receiver.events), began
    while missing and time.monotonic() - progress < _STALLED_SECONDS:
        time.sleep(_PAUSE)
        left = wanted - set(receiver.events)
        if len(left) < len(missing):
            progress = time.monotonic()
        missing = left
    again = sum(1 for count in receiver.times.values() if count > 1)
    came = f"{len(missing)} missing after {time.monotonic() - began:.0f} s, {again} came twice, {receiver.forged} forged"
    holds = not missing and receiver.forged == 0 and len(wanted) > 0
    world.facts.fact(f"{len(wanted)} events, each delivered to the webhook, signed", came, holds=holds)
