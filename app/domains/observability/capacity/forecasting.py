"""Forecasting one meter: from samples to a path with an interval around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt

from app.domains.observability.capacity.words import Method

LEVEL = 0.9
FEWEST_POINTS = 12
Samples = Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Report:
    """How a method did in its backtest; see `schemas.Backtest`."""

    origins: int = 0
    step_seconds: float | None = None
    season_steps: int | None = None
    mean_absolute_error: float | None = None
    coverage: float | None = None
    errors_by_method: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Days until a limit is reached; None: not within the horizon."""

    horizon: float = 0.0
    earliest: float | None = None
    likely: float | None = None
    latest: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Usage in the window ahead: its mean with an interval, and its highest point with the interval's upper end."""

    method: Method
    mean: float
    lower: float
    upper: float
    peak: float
    peak_upper: float
    report: Report
    crossing: Crossing

    @property
    def modelled(self) -> bool:
        return self.method is not Method.MEAN


def of_few(values: Sequence[float]) -> Forecast:
    """The mean of few samples, with an interval that is wide and not calibrated by anything.

    Half its width is the largest of three standard errors of one sample and a fifth of the mean.
    """
    mean = sum(values) / len(values)
    deviation = sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))
    half = max(3 * deviation * sqrt(1 + 1 / len(values)), abs(mean) / 5)
    return Forecast(Method.MEAN, mean, mean - half, mean + half, mean, mean + half, Report(), Crossing())


def forecast(
    samples: Samples, now: datetime, window: timedelta, limit: float, horizon: timedelta
) -> Forecast:
    """Forecast `[now, now + window)` from samples in the order of time, of which there is at least one."""
    return of_few([value for _, value in samples])
