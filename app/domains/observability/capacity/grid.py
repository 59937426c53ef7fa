"""Samples at any instants, as a series with even steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from app.domains.observability.capacity.methods import Array, Steps

MOST_STEPS = 480
_WIDTHS = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 24 * 3600)
_HOUR, _DAY = 3600, 86400


@dataclass(frozen=True, slots=True)
class Series:
    """`values[i]` is the mean of the step that begins at `start + i * width` (seconds since 1970)."""

    start: float
    width: int
    values: Array

    @property
    def end(self) -> float:
        return self.start + len(self.values) * self.width

    @property
    def seasons(self) -> list[int]:
        """An hour and a day, in steps, where that is at least four."""
        return [length // self.width for length in (_HOUR, _DAY) if length // self.width >= 4]

    def steps(self, start: datetime, window: timedelta) -> Steps:
        """The steps ahead of the last value that `[start, start + window)` lies in."""
        first = int((start.timestamp() - self.end) // self.width) + 1
        last = int(-(-((start + window).timestamp() - self.end) // self.width))
        return np.arange(max(1, first), max(1, first, last) + 1)

    def days_until(self, steps: Steps, now: datetime) -> Array:
        """Days from `now` to the end of each step ahead."""
        return np.asarray(np.maximum(0.0, (self.end + steps * self.width - now.timestamp()) / _DAY))


def series(samples: Sequence[tuple[datetime, float]]) -> Series:
    """The means of even steps, as wide as the usual gap; steps without a sample lie on the line between their
    neighbours. At most 480 steps.
    """
    at = np.array([moment.astimezone(UTC).timestamp() for moment, _ in samples])
    values = np.array([value for _, value in samples], dtype=np.float64)
    distinct = np.unique(at)
    gap = float(np.quantile(np.diff(distinct), 0.5, method="lower")) if len(distinct) > 1 else 1.0
    span = float(distinct[-1] - distinct[0])
    width = next(
        (w for w in _WIDTHS if w >= gap * 0.999 and span / w <= MOST_STEPS),
        max(_WIDTHS[-1], int(span // MOST_STEPS) + 1),
    )
    slots = (at // width).astype(np.int64)
    first = int(slots[0])
    counts = np.bincount(slots - first)
    sums = np.bincount(slots - first, weights=values)
    filled = np.flatnonzero(counts)
    means = np.interp(np.arange(len(counts)), filled, sums[filled] / counts[filled])
    return Series(float(first * width), width, means)
