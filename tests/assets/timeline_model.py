"""The timeline in the simplest words: lists and loops, nothing shared with the product."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass
class Block:
    kind: str
    starts: datetime
    ends: datetime
    name: str = ""
    stated: str = ""
    standing: bool = False
    active: bool = True

    def meets(self, starts: datetime, ends: datetime) -> bool:
        return self.active and self.starts < ends and self.ends > starts

    def holds(self, now: datetime) -> bool:
        return self.active and self.starts <= now and (self.ends > now or self.standing)


@dataclass
class ModelAsset:
    blocks: list[Block] = field(default_factory=list)
    critical: bool = False

    def of(self, kind: str) -> list[Block]:
        return [block for block in self.blocks if block.kind == kind]

    def down(self) -> list[Block]:
        return [block for block in self.blocks if block.kind != "RESERVATION"]

    def at_risk(self, reservation: Block) -> bool:
        return any(block.meets(reservation.starts, reservation.ends) for block in self.down())

    def settle(self, now: datetime) -> None:
        for block in self.down():
            if block.active and not block.standing and block.ends <= now:
                block.active = False
            while block.active and block.standing and block.ends <= now + HOUR / 2:
                block.ends += 2 * HOUR

    def free(self, starts: datetime, ends: datetime) -> bool:
        return not any(block.meets(starts, ends) for block in self.blocks)

    def availability(self, now: datetime) -> str:
        held = {block.kind: block for block in self.blocks if block.holds(now)}
        if "GROUNDING" in held or self.critical:
            return "UNAVAILABLE"
        if "MAINTENANCE" in held:
            return "MAINTENANCE"
        if "MANUAL" in held:
            return held["MANUAL"].stated
        return "RESERVED" if "RESERVATION" in held else "AVAILABLE"


@dataclass
class ModelOrder:
    asset: int
    blocks: bool | None
    status: str = "OPEN"

    def wants_the_asset(self) -> bool:
        return (self.status == "IN_PROGRESS" and self.blocks is not False) or (
            self.status == "OPEN" and self.blocks is True
        )


def midnight(now: datetime) -> datetime:
    """The coming midnight that is at least an hour away."""
    day = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo)
    while day - now < HOUR:
        day += 24 * HOUR
    return day
