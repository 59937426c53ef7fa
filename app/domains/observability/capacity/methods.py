"""Three ways to go on with an evenly spaced series. Each is fitted once for all origins of a backtest.

A fit is asked at origins (how many values are known there) and answers with a path: a function from steps ahead
(1, 2, …, an integer array) to values. No path sees a value behind its origin.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Steps = NDArray[np.int64]
Path = Callable[[Steps], Array]

_MOST_PAIRED = 200
_ALPHAS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.8)
_BETAS = (0.0, 0.02, 0.05, 0.1, 0.3)
_GAMMAS = (0.0, 0.05, 0.1, 0.3)
_PHIS = (1.0, 0.95)


def seasonal_naive(y: Array, season: int, origins: Sequence[int]) -> list[Path]:
    """The last season again; with a season of one step, the last value."""

    def path(origin: int) -> Path:
        last = y[origin - season : origin]
        return lambda steps: last[(steps - 1) % season]

    return [path(origin) for origin in origins]


def theil_sen(y: Array, origins: Sequence[int]) -> list[Path]:
    """The line of the median slope between all pairs of points (Theil 1950; Sen 1968, J. Am. Stat. Assoc. 63:1379).

    Above 200 points every k-th one stands for the others. A third of the points may be wrong without moving it far.
    """

    def path(origin: int) -> Path:
        at = np.unique(np.linspace(0, origin - 1, min(origin, _MOST_PAIRED)).round().astype(np.int64))
        known = y[at]
        first, second = np.triu_indices(len(at), 1)
        slope = float(np.median((known[second] - known[first]) / (at[second] - at[first])))
        base = float(np.median(known - slope * at)) + slope * (origin - 1)
        return lambda steps: np.asarray(base + slope * steps, dtype=np.float64)

    return [path(origin) for origin in origins]


def holt_winters(y: Array, season: int, origins: Sequence[int]) -> list[Path]:
    """Additive Holt-Winters with and without damping (Hyndman & Athanasopoulos, Forecasting, 3rd ed., section 8.3).

    All smoothing parameters of a grid run side by side through the series once. At each origin that one is taken
    whose one-step errors up to there were smallest. With a season of one step it is Holt's linear method. The first
    origin must know two seasons, and three values.
    """
    gammas = _GAMMAS if season > 1 else (0.0,)
    grid = np.array([(a, b, g, f) for a in _ALPHAS for b in _BETAS for g in gammas for f in _PHIS]).T
    alpha, beta, gamma, phi = grid
    level, trend, seasonal, start = _initial(y, season, grid.shape[1])
    squares = np.zeros(grid.shape[1])
    wanted: dict[int, Path] = {}
    for t in range(start, max(origins) + 1):
        if t in origins:
            best = int(np.argmin(squares))
            wanted[t] = _path(level[best], trend[best], seasonal[:, best].copy(), phi[best], t)
        if t == max(origins):
            break
        before, slot = level + phi * trend, t % season
        held = seasonal[slot].copy()
        squares += (y[t] - before - held) ** 2
        seasonal[slot] = gamma * (y[t] - before) + (1 - gamma) * held
        old, level = level, alpha * (y[t] - held) + (1 - alpha) * before
        trend = beta * (level - old) + (1 - beta) * phi * trend
    return [wanted[origin] for origin in origins]


def _initial(y: Array, season: int, width: int) -> tuple[Array, Array, Array, int]:
    """Level, trend and season before the first step, and which step that is."""
    if season == 1:
        far = min(5, len(y) - 1)
        slope = float(y[far] - y[0]) / far
        return np.full(width, y[0]), np.full(width, slope), np.zeros((1, width)), 1
    first, second = y[:season].mean(), y[season : 2 * season].mean()
    slope = float(second - first) / season
    middle = (season - 1) / 2
    shape = y[:season] - first - slope * (np.arange(season) - middle)
    return (
        np.full(width, first + slope * middle),
        np.full(width, slope),
        np.repeat(shape[:, None], width, axis=1),
        season,
    )


def _path(level: float, trend: float, seasonal: Array, phi: float, origin: int) -> Path:
    def path(steps: Steps) -> Array:
        damped: Any = steps if phi == 1.0 else phi * (1 - phi**steps) / (1 - phi)
        found: Array = level + trend * damped + seasonal[(origin + steps - 1) % len(seasonal)]
        return found

    return path
