"""Pure: whether a suppression is in force at an instant."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def in_force(
    starts_at: datetime, ends_at: datetime | None, weekly: Mapping[str, Any] | None, now: datetime
) -> bool:
    """Between its two instants; with `weekly` also inside one of the week's windows.

    A window begins at a wall-clock time of its time zone and lasts a number of minutes of real time, so a change
    of the clocks moves neither its beginning nor its length. It may reach into the next day.
    """
    if now < starts_at or (ends_at is not None and now >= ends_at):
        return False
    return weekly is None or _in_a_window(weekly, now)


def _in_a_window(weekly: Mapping[str, Any], now: datetime) -> bool:
    zone = ZoneInfo(weekly["timezone"])
    hour, minute = (int(part) for part in weekly["start"].split(":"))
    length = timedelta(minutes=weekly["minutes"])
    here = now.astimezone(zone)
    days_back = range(length // timedelta(days=1) + 2)
    for day in (here.date() - timedelta(days=back) for back in days_back):
        if day.weekday() in weekly["days"]:
            begin = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(now.tzinfo)
            if begin <= now < begin + length:
                return True
    return False
