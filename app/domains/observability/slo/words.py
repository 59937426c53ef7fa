"""The words of objectives."""

from enum import StrEnum


class SloStatus(StrEnum):
    HEALTHY = "HEALTHY"
    BREACHED = "BREACHED"


class AlertOn(StrEnum):
    """What opens an alert: the short window's availability, the speed at which the budget burns, or either."""

    BREACH = "BREACH"
    BURN_RATE = "BURN_RATE"
    BOTH = "BOTH"

    @property
    def on_breach(self) -> bool:
        return self is not AlertOn.BURN_RATE

    @property
    def on_burn(self) -> bool:
        return self is not AlertOn.BREACH


class WindowKind(StrEnum):
    ROLLING = "ROLLING"
    CALENDAR = "CALENDAR"


class CalendarUnit(StrEnum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"
