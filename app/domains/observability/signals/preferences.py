"""What a tenant decided about its signals, or the defaults."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select

from app.domains.observability.signals.models import SignalSettings
from app.kernel.tx import ReadTx


class Preferences(NamedTuple):
    """Days that raw signals, minute and hour roll-ups are kept; signals a second, as a mean over ten seconds."""

    raw_days: int = 35
    minute_days: int = 90
    hour_days: int = 400
    items_per_second: int = 50_000
    version: int = 0

    @property
    def raw(self) -> timedelta:
        return timedelta(days=self.raw_days)


DEFAULTS = Preferences()
_READ = select(
    SignalSettings.raw_days,
    SignalSettings.minute_days,
    SignalSettings.hour_days,
    SignalSettings.items_per_second,
    SignalSettings.version,
)


def preferences(tx: ReadTx) -> Preferences:
    row = tx.first(_READ)
    return DEFAULTS if row is None else Preferences(*row)
