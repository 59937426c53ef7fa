"""From an item as a client sends it to the record that is stored, and what is wrong with it."""

from datetime import datetime, timedelta

from app.domains.observability.ingest.record import Record
from app.domains.observability.ingest.schemas import SignalItem
from app.domains.observability.signals.preferences import Preferences

SKEW = timedelta(minutes=10)
_IN_FUTURE = ("occurred_in_future", "More than 10 minutes ahead of the server's clock.")
_EXPIRED = ("occurred_before_retention", "Older than this tenant keeps signals.")


class Period:
    """From when to when a signal may have occurred; `fault` says why another time is refused."""

    def __init__(self, now: datetime, limits: Preferences) -> None:
        self.first = now - limits.raw
        self.last = now + SKEW

    def fault(self, at: datetime) -> tuple[str, str] | None:
        """A code and a sentence, or None."""
        if at > self.last:
            return _IN_FUTURE
        return _EXPIRED if at < self.first else None


def record_of(item: SignalItem, now: datetime) -> Record:
    return Record(
        item.occurred_at or now,
        item.signal_type,
        item.service_name,
        item.signal_name,
        item.level,
        item.trace_id,
        item.span_id,
        item.status_code,
        item.duration_ms,
        item.numeric_value,
        item.unit,
        item.message,
        item.detail,
    )
