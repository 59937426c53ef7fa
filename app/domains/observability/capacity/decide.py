"""From a forecast to advice: which way to scale, and to how many replicas."""

from dataclasses import dataclass
from math import ceil

from app.domains.observability.capacity.words import Decision


@dataclass(frozen=True, slots=True)
class Bounds:
    """A policy's figures. Percentages are of what `current` replicas can do."""

    target_pct: float
    scale_out_pct: float
    scale_in_pct: float
    smallest: int
    largest: int
    current: int


@dataclass(frozen=True, slots=True)
class Advice:
    decision: Decision
    replicas: int


def advise(bounds: Bounds, peak: float, upper: float, *, modelled: bool) -> Advice:
    """Advice for a window whose highest usage is forecast as `peak` and, at the interval's upper end, as `upper`.

    Out when the peak reaches the scale-out threshold, in when it is at or below the scale-in threshold, else hold.
    The replicas are those that bring `upper` down to the target (usage is taken to spread evenly), at least one
    more or one fewer than now, within the bounds. A modelled forecast scales in only to what `upper` allows, and
    not at all when that is no fewer than now; a plain mean of few samples goes by the thresholds alone.
    """
    if peak >= bounds.scale_out_pct:
        return Advice(Decision.SCALE_OUT, _within(bounds, max(bounds.current + 1, needed(bounds, upper))))
    if peak > bounds.scale_in_pct:
        return Advice(Decision.HOLD, bounds.current)
    fewer = bounds.current - 1
    if not modelled:
        return Advice(Decision.SCALE_IN, _within(bounds, fewer))
    enough = needed(bounds, upper)
    if enough > fewer and bounds.current > bounds.smallest:
        return Advice(Decision.HOLD, bounds.current)
    return Advice(Decision.SCALE_IN, _within(bounds, min(fewer, enough)))


def needed(bounds: Bounds, usage: float) -> int:
    """The replicas at which `usage` percent of the current ones becomes the target or less."""
    return max(0, ceil(bounds.current * usage / bounds.target_pct - 1e-9))


def _within(bounds: Bounds, replicas: int) -> int:
    return min(bounds.largest, max(bounds.smallest, replicas))
