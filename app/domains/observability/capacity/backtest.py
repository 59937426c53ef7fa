"""Choosing a method by what it would have done, and an interval by how wrong it would have been.

Rolling origin: forecasts are made from earlier instants of the series and compared with what came (Hyndman &
Athanasopoulos, section 5.10). Split conformal: half the interval's width is the ceil((n + 1) * level)-th smallest of the
n absolute errors (Lei et al. 2018, J. Am. Stat. Assoc. 113:1094), with no assumption about their distribution. The
errors of a series depend on each other, so the level is approached, not guaranteed: coverage is measured and told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from app.domains.observability.capacity.methods import (
    Array,
    Path,
    Steps,
    holt_winters,
    seasonal_naive,
    theil_sen,
)
from app.domains.observability.capacity.words import Method

MOST_ORIGINS = 20
_FEWEST_KNOWN = 6
_POOLED = 20


@dataclass(frozen=True, slots=True)
class Model:
    """The chosen method, fitted to the whole series.

    `errors`: what came less what was forecast, a row for each origin, a column for each step ahead.
    """

    method: Method
    season: int
    path: Path
    errors: Array
    mean_errors: dict[str, float]
    level: float

    def half_widths(self, steps: Steps) -> Array:
        """Half the interval's width at steps ahead; behind the last one tried it grows with the square root."""
        tried = self.errors.shape[1]
        known = np.array([_quantile(_pool(self.errors, h), self.level) for h in range(tried)])
        known = np.maximum.accumulate(known)
        inside = known[np.minimum(steps, tried) - 1]
        return np.asarray(inside * np.sqrt(np.maximum(1.0, steps / tried)))

    def half_width_of_mean(self, steps: Steps) -> float:
        """The same for the mean over some steps."""
        tried = self.errors.shape[1]
        inside = np.minimum(steps, tried) - 1
        beyond = float(np.sqrt(max(1.0, steps.max() / tried)))
        return _quantile(np.abs(self.errors[:, inside].mean(axis=1)), self.level) * beyond

    def coverage(self) -> float | None:
        """Share of errors inside the interval that the other origins make; None with fewer than three."""
        count, tried = self.errors.shape
        if count < 3:
            return None
        inside = 0
        for origin in range(count):
            others = np.delete(self.errors, origin, axis=0)
            widths = np.maximum.accumulate([_quantile(_pool(others, h), self.level) for h in range(tried)])
            inside += int((np.abs(self.errors[origin]) <= widths).sum())
        return float(inside / (count * tried))


def choose(y: Array, seasons: Sequence[int], horizon: int, level: float) -> Model:
    """The method with the smallest mean absolute error in the backtest, fitted to all of `y` (12 values or more).

    `seasons`: lengths in steps worth trying; those of which the series holds fewer than three are left out.
    """
    tried = max(1, min(horizon, len(y) // 3))
    usable = [season for season in seasons if season > 1 and len(y) >= 3 * season + tried]
    first = max(_FEWEST_KNOWN, len(y) // 3, *(2 * season + 1 for season in usable), 0)
    last = len(y) - tried
    spread = np.linspace(min(first, last), last, min(MOST_ORIGINS, max(1, last - first + 1)))
    origins = [int(o) for o in np.unique(spread.round().astype(np.int64))]
    asked = [*origins, len(y)]
    steps = np.arange(1, tried + 1)
    found: list[tuple[float, Method, int, Path, Array]] = []
    for method, season, paths in _candidates(y, usable, asked):
        errors = np.array([y[o : o + tried] - path(steps) for o, path in zip(origins, paths, strict=False)])
        found.append((float(np.abs(errors).mean()), method, season, paths[-1], errors))
    best = min(found, key=lambda one: one[0])
    told = {f"{method}/{season}": error for error, method, season, _, _ in found}
    return Model(best[1], best[2], best[3], best[4], told, level)


def _candidates(
    y: Array, seasons: Sequence[int], asked: Sequence[int]
) -> list[tuple[Method, int, list[Path]]]:
    found = [(Method.THEIL_SEN, 1, theil_sen(y, asked))]
    for season in (1, *seasons):
        found.append((Method.SEASONAL_NAIVE, season, seasonal_naive(y, season, asked)))
        found.append((Method.HOLT_WINTERS, season, holt_winters(y, season, asked)))
    return found


def _pool(errors: Array, step: int) -> Array:
    """The absolute errors at a step, with those of its neighbours when there are few origins."""
    count, tried = errors.shape
    around = max(1, ceil((_POOLED / count - 1) / 2)) if count < _POOLED else 1
    return np.abs(errors[:, max(0, step - around) : min(tried, step + around + 1)]).ravel()


def _quantile(errors: Array, level: float) -> float:
    """The conformal quantile; where even the largest error can't vouch for the level, that error and a half more."""
    rank = ceil((len(errors) + 1) * level)
    if rank > len(errors):
        return float(errors.max()) * 1.5
    return float(np.partition(errors, rank - 1)[rank - 1])
