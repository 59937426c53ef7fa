"""Pure: working time. Hours are minutes after midnight UTC on ISO weekdays; no hours at all means always open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Hours:
    """Open on `weekday` (1 is Monday) from `opens` to `closes`, in minutes; 1440 is the end of the day."""

    weekday: int
    opens: int
    closes: int


def end_of_work(start: datetime, seconds: float, hours: Sequence[Hours]) -> datetime:
    """When `seconds` of work that begin at or after `start` are done, counting open time only.

    `start` is aware and in UTC. Work of no length ends at the first open instant.
    """
    if not hours:
        return start + timedelta(seconds=seconds)
    left = timedelta(seconds=seconds)
    per_week = sum((timedelta(minutes=h.closes - h.opens) for h in hours), timedelta())
    weeks = max(0, left // per_week - 1)
    left -= weeks * per_week
    for opens, closes in _windows(start + timedelta(weeks=weeks), hours):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise AssertionError("unreachable: every week has open time")


def first_open(start: datetime, hours: Sequence[Hours]) -> datetime:
    """The first instant at or after `start` at which work can go on."""
    return end_of_work(start, 0, hours)


def _windows(start: datetime, hours: Sequence[Hours]) -> Iterable[tuple[datetime, datetime]]:
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(4 * _WEEK):
        date = midnight + timedelta(days=day)
        for window in sorted((h for h in hours if h.weekday == date.isoweekday()), key=lambda h: h.opens):
            opens = max(start, date + timedelta(minutes=window.opens))
            closes = date + timedelta(minutes=window.closes)
            if opens < closes:
                yield opens, closes
