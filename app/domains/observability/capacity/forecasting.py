"""Forecasting one meter: from samples to a path with an interval around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from app.domains.observability.capacity.backtest import Model, choose
from app.domains.observability.capacity.grid import Series, series
from app.domains.observability.capacity.words import Method

LEVEL = 0.9
FEWEST_POINTS = 12
_MOST_LOOKS = 5000
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


def forecast(
    samples: Samples, now: datetime, window: timedelta, limit: float, horizon: timedelta
) -> Forecast:
    """Forecast `[now, now + window)` from samples in the order of time, of which there is at least one.

    `limit`, `horizon`: look for when usage reaches the limit, so far ahead. With fewer than 12 distinct instants, or
    steps, it is the mean of the samples.
    """
    if len({at for at, _ in samples}) >= FEWEST_POINTS:
        made = series(samples)
        if len(made.values) >= FEWEST_POINTS:
            return _of_series(made, now, window, limit, horizon)
    return of_few([value for _, value in samples], limit, horizon)


def of_few(values: Sequence[float], limit: float, horizon: timedelta) -> Forecast:
    """The mean of few samples, with an interval that is wide and not calibrated by anything.

    Half its width is the larger of three standard errors of prediction and a fifth of the mean.
    """
    mean = sum(values) / len(values)
    deviation = sqrt(sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1))
    half = max(3 * deviation * sqrt(1 + 1 / len(values)), abs(mean) / 5)
    full = 0.0 if mean >= limit else None
    crossing = Crossing(horizon / timedelta(days=1), full, full, None)
    return Forecast(Method.MEAN, mean, mean - half, mean + half, mean, mean + half, Report(), crossing)


def _of_series(made: Series, now: datetime, window: timedelta, limit: float, horizon: timedelta) -> Forecast:
    steps = made.steps(now, window)
    model = choose(made.values, made.seasons, int(steps.max()), LEVEL)
    # A trend is trusted in the window no further ahead than it has been seen.
    path = model.path(np.minimum(steps, len(made.values)))
    mean, half = float(path.mean()), model.half_width_of_mean(steps)
    upper = path + model.half_widths(steps)
    report = Report(
        origins=model.errors.shape[0],
        step_seconds=float(made.width),
        season_steps=model.season if model.season > 1 else None,
        mean_absolute_error=float(np.abs(model.errors).mean()),
        coverage=model.coverage(),
        errors_by_method=model.mean_errors,
    )
    return Forecast(
        method=model.method,
        mean=mean,
        lower=mean - half,
        upper=mean + half,
        peak=float(path.max()),
        peak_upper=float(upper.max()),
        report=report,
        crossing=_crossing(model, made, now, limit, horizon),
    )


def _crossing(model: Model, made: Series, now: datetime, limit: float, horizon: timedelta) -> Crossing:
    """When the path, and the ends of its interval, reach the limit."""
    ahead = made.steps(now, horizon)
    steps = np.unique(np.linspace(ahead[0], ahead[-1], min(len(ahead), _MOST_LOOKS)).round().astype(np.int64))
    path, half = model.path(steps), model.half_widths(steps)
    days = made.days_until(steps, now)

    def first(reached: NDArray[np.bool_]) -> float | None:
        found = np.flatnonzero(reached)
        return float(days[found[0]]) if len(found) else None

    return Crossing(
        horizon / timedelta(days=1),
        earliest=first(path + half >= limit),
        likely=first(path >= limit),
        latest=first(path - half >= limit),
    )
