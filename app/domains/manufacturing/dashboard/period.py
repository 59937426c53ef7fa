"""Pure: the periods of the dashboards. They begin at midnight UTC and end where the next begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Period(StrEnum):
    MONTH = "month"
    TODAY = "today"
    WEEK = "week"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` on, until before `until`."""

    since: datetime
    until: datetime


def span(period: Period, now: datetime) -> Span:
    """The day, ISO week (from Monday) or month that `now` lies in."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if period is Period.TODAY:
        return Span(midnight, midnight + timedelta(days=1))
    if period is Period.WEEK:
        monday = midnight - timedelta(days=now.isoweekday() - 1)
        return Span(monday, monday + timedelta(days=7))
    first = midnight.replace(day=1)
    return Span(first, (first + timedelta(days=32)).replace(day=1))
