"""Sets of half-open intervals of time: what corrections take out of a window."""

from collections.abc import Iterable
from datetime import datetime

Interval = tuple[datetime, datetime]


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same instants as few intervals that neither overlap nor touch, in order. Empty ones vanish."""
    found: list[Interval] = []
    for start, end in sorted(pair for pair in intervals if pair[0] < pair[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def clipped(intervals: Iterable[Interval], start: datetime, end: datetime) -> list[Interval]:
    """What of them lies in `[start, end)`, merged."""
    return merged((max(low, start), min(high, end)) for low, high in intervals)


def without(start: datetime, end: datetime, intervals: Iterable[Interval]) -> list[Interval]:
    """What of `[start, end)` lies in none of them."""
    left: list[Interval] = []
    at = start
    for low, high in clipped(intervals, start, end):
        if at < low:
            left.append((at, low))
        at = high
    if at < end:
        left.append((at, end))
    return left
