"""Events of an objective over long times: minutes that the worker counted, and the raw signals around them.

Sums of events, never means of ratios: a minute without events weighs nothing.
"""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import accumulate

from sqlalchemy import select

from app.domains.observability.signals.queries import MinuteCounts, minute_counts
from app.domains.observability.slo import queries
from app.domains.observability.slo.burn import Counts
from app.domains.observability.slo.intervals import Interval, without
from app.domains.observability.slo.models import SloMinute, SloPolicy
from app.kernel.tx import ReadTx

MINUTE = timedelta(minutes=1)


def floor(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


class Timeline:
    """The counts of `[start, end)`, minute by minute, with sums of any part in the time of a search."""

    def __init__(self, minutes: Iterable[MinuteCounts], excluded: Iterable[Interval] = ()) -> None:
        rows = sorted(minutes)
        self.excluded = list(excluded)
        self._at = [row.at for row in rows]
        self._totals = [0, *accumulate(row.total for row in rows)]
        self._goods = [0, *accumulate(row.good for row in rows)]

    def raw(self, start: datetime, end: datetime) -> Counts:
        """Of the minutes that begin in `[start, end)`."""
        low, high = bisect_left(self._at, start), bisect_left(self._at, end)
        return Counts(self._totals[high] - self._totals[low], self._goods[high] - self._goods[low])

    def corrected(self, start: datetime, end: datetime) -> Counts:
        """The same without what corrections exclude."""
        parts = [self.raw(low, high) for low, high in without(start, end, self.excluded)]
        return Counts(sum(part.total for part in parts), sum(part.good for part in parts))

    @property
    def first(self) -> datetime | None:
        """The first minute that has events."""
        return self._at[0] if self._at else None


def timeline(tx: ReadTx, policy: SloPolicy, start: datetime) -> Timeline:
    """The counts from the minute of `start` until now."""
    end = tx.now + timedelta(microseconds=1)
    start = floor(start)
    known_from, known_to = max(start, policy.counted_from), min(end, policy.counted_to)
    pieces: list[MinuteCounts] = []
    if known_from < known_to:
        pieces += counted(tx, policy, known_from, known_to)
        gaps = [(start, known_from), (known_to, end)]
    else:
        gaps = [(start, end)]
    for low, high in gaps:
        if low < high:
            pieces += from_signals(tx, policy, low, high)
    return Timeline(pieces, queries.excluded(tx, policy.id, start, end))


def counted(tx: ReadTx, policy: SloPolicy, start: datetime, end: datetime) -> list[MinuteCounts]:
    rows = tx.all(
        select(SloMinute.at, SloMinute.total, SloMinute.good).where(
            SloMinute.policy_id == policy.id, SloMinute.at >= start, SloMinute.at < end
        )
    )
    return [MinuteCounts(row.at, row.total, row.good) for row in rows]


def from_signals(tx: ReadTx, policy: SloPolicy, start: datetime, end: datetime) -> list[MinuteCounts]:
    return minute_counts(tx, policy.service_name, policy.signal_name, start, end, policy.latency_threshold_ms)
