"""The windows an objective is measured over: rolling days, or calendar periods of a time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.domains.observability.slo.intervals import Interval
from app.domains.observability.slo.words import CalendarUnit, WindowKind


@dataclass(frozen=True, slots=True)
class Window:
    """ROLLING has `days`, CALENDAR has `unit`."""

    kind: WindowKind
    days: int | None = None
    unit: CalendarUnit | None = None

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "Window":
        unit = stored.get("unit")
        return cls(WindowKind(stored["kind"]), stored.get("days"), CalendarUnit(unit) if unit else None)

    @property
    def label(self) -> str:
        """`30d`, `calendar month`."""
        return f"{self.days}d" if self.unit is None else f"calendar {self.unit.lower()}"

    def around(self, now: datetime, timezone: str) -> Interval:
        """From its first instant to its end, UTC. A rolling window ends now, a calendar one later.

        Calendar windows begin at midnight of the zone's wall clock, so one with a change to or from summer time is
        an hour shorter or longer. Weeks begin on Monday (ISO 8601).
        """
        if self.unit is None:
            return now - timedelta(days=self.days or 0), now
        zone = ZoneInfo(timezone)
        first = _first_day(now.astimezone(zone), self.unit)
        after = _next(first, self.unit)
        return first.astimezone(UTC), after.astimezone(UTC)


def _first_day(local: datetime, unit: CalendarUnit) -> datetime:
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit is CalendarUnit.WEEK:
        return day - timedelta(days=day.weekday())
    if unit is CalendarUnit.MONTH:
        return day.replace(day=1)
    if unit is CalendarUnit.QUARTER:
        return day.replace(day=1, month=3 * ((day.month - 1) // 3) + 1)
    if unit is CalendarUnit.YEAR:
        return day.replace(day=1, month=1)
    return day


def _next(first: datetime, unit: CalendarUnit) -> datetime:
    if unit is CalendarUnit.DAY:
        return first + timedelta(days=1)
    if unit is CalendarUnit.WEEK:
        return first + timedelta(days=7)
    months = {CalendarUnit.MONTH: 1, CalendarUnit.QUARTER: 3, CalendarUnit.YEAR: 12}[unit]
    month = first.month - 1 + months
    return first.replace(year=first.year + month // 12, month=month % 12 + 1)
