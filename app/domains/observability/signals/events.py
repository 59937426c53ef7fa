"""Events of signals. Signals themselves are none: they are what is measured, not what somebody did."""

from app.domains.observability import permissions as p
from app.kernel.events.envelope import Event


class SignalSettingsChanged(
    Event, type="observability.signal_settings.changed", permission=p.OBSERVABILITY_READ
):
    """How long signals are kept, or how many may be sent, was changed."""

    raw_days: int
    minute_days: int
    hour_days: int
    items_per_second: int
