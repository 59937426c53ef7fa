"""Pure: from a measurement and what was known before to what is known now. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Comparator(StrEnum):
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    def holds(self, value: float, limit: float) -> bool:
        match self:
            case Comparator.ABOVE:
                return value > limit
            case Comparator.AT_LEAST:
                return value >= limit
            case Comparator.BELOW:
                return value < limit
            case Comparator.AT_MOST:
                return value <= limit


class Phase(StrEnum):
    OK = "OK"
    PENDING = "PENDING"
    FIRING = "FIRING"


@dataclass(frozen=True, slots=True)
class Known:
    """What an object's state row says; no row is `OK`."""

    pending_since: datetime
    firing: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    phase: Phase
    pending_since: datetime | None
    recovered: bool


def breached(
    value: float | None, comparator: Comparator, threshold: float, clear: float, *, firing: bool
) -> bool:
    """Whether the condition holds. One that fires holds until the value is back past `clear` (hysteresis)."""
    return value is not None and comparator.holds(value, clear if firing else threshold)


def decide(known: Known | None, *, holds: bool, now: datetime, for_seconds: int) -> Verdict:
    """A condition that holds is pending until it did so for `for_seconds`, then it fires."""
    if not holds:
        return Verdict(Phase.OK, None, recovered=known is not None and known.firing)
    since = known.pending_since if known is not None else now
    long_enough = now - since >= timedelta(seconds=for_seconds)
    fires = long_enough or (known is not None and known.firing)
    return Verdict(Phase.FIRING if fires else Phase.PENDING, since, recovered=False)
