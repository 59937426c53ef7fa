"""Forecasts against series whose future is known: how far off, how often inside the interval, and when it is full."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.domains.observability.capacity.backtest import Model, choose
from app.domains.observability.capacity.decide import Bounds, advise, needed
from app.domains.observability.capacity.forecasting import forecast
from app.domains.observability.capacity.grid import series
from app.domains.observability.capacity.methods import holt_winters, seasonal_naive, theil_sen
from app.domains.observability.capacity.words import Decision, Method

Array = NDArray[np.float64]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KNOWN, AHEAD, SEASON, TRIALS = 200, 14, 7, 60


def seasonal(rng: np.random.Generator, noise: Callable[[int], Array] | None = None) -> Array:
    t = np.arange(KNOWN + AHEAD)
    drawn = noise(len(t)) if noise else rng.normal(0, 5, len(t))
    return np.asarray(100 + 0.3 * t + 10 * np.sin(2 * np.pi * t / SEASON) + drawn)


def heavy_tails(rng: np.random.Generator) -> Array:
    return seasonal(rng, lambda size: rng.standard_t(3, size) * 4)


def trend_break(rng: np.random.Generator) -> Array:
    t = np.arange(KNOWN + AHEAD)
    return np.asarray(seasonal(rng) - 1.5 * np.maximum(0, t - (KNOWN - 40)))


def level(rng: np.random.Generator) -> Array:
    return np.asarray(50 + rng.normal(0, 5, KNOWN + AHEAD))


def walk(rng: np.random.Generator) -> Array:
    return np.asarray(50 + np.cumsum(rng.normal(0, 1, KNOWN + AHEAD)))


def straight_line_coverage(y: Array) -> float:
    """What an ordinary line with its residuals' band does: the forecast this one has to beat."""
    t = np.arange(len(y))
    slope, base = np.polyfit(t[:KNOWN], y[:KNOWN], 1)
    spread = float(np.std(y[:KNOWN] - base - slope * t[:KNOWN]))
    return float((np.abs(y[KNOWN:] - base - slope * t[KNOWN:]) <= 1.645 * spread).mean())


@pytest.mark.parametrize("make", [seasonal, heavy_tails, trend_break, level, walk])
def test_intervals_hold_about_what_they_promise(make: Callable[[np.random.Generator], Array]) -> None:
    rng = np.random.default_rng(20260302)
    steps = np.arange(1, AHEAD + 1)
    held, means, told = [], [], []
    for _ in range(TRIALS):
        y = make(rng)
        model = choose(y[:KNOWN], [SEASON], AHEAD, 0.9)
        path = model.path(steps)
        held.append((np.abs(y[KNOWN:] - path) <= model.half_widths(steps)).mean())
        means.append(abs(y[KNOWN:].mean() - path.mean()) <= model.half_width_of_mean(steps))
        told.append(model.coverage())
    assert 0.80 <= np.mean(held) <= 0.98, f"nominal 0.9, held {np.mean(held):.3f}"
    assert np.mean(means) >= 0.75, f"of the windows' means {np.mean(means):.3f}"
    assert abs(np.mean(told) - np.mean(held)) < 0.08, "the coverage that is told is the one that is kept"


def test_a_trend_break_leaves_a_straight_line_behind_but_not_us() -> None:
    rng = np.random.default_rng(20260302)
    line = np.mean([straight_line_coverage(trend_break(rng)) for _ in range(TRIALS)])
    assert line < 0.5


@pytest.mark.parametrize("count", [12, 20, 40])
def test_short_series_have_honest_intervals(count: int) -> None:
    rng = np.random.default_rng(7)
    steps = np.arange(1, 6)
    held = []
    for _ in range(150):
        y = 50 + rng.normal(0, 5, count + 5)
        model = choose(y[:count], [], 5, 0.9)
        held.append((np.abs(y[count:] - model.path(steps)) <= model.half_widths(steps)).mean())
    assert 0.80 <= np.mean(held) <= 0.98


def chosen(y: Array, season: int) -> Model:
    return choose(y, [season], AHEAD, 0.9)


def test_the_method_fits_the_series() -> None:
    rng = np.random.default_rng(3)
    assert chosen(seasonal(rng)[:KNOWN], SEASON).season == SEASON
    assert chosen(walk(rng)[:KNOWN], SEASON).method in {Method.SEASONAL_NAIVE, Method.HOLT_WINTERS}
    line = 3 + 0.5 * np.arange(60) + rng.normal(0, 1, 60)
    line[::9] += 200  # every ninth point is wrong
    assert chosen(line, SEASON).method is Method.THEIL_SEN


def test_methods_go_on_with_what_they_know() -> None:
    t = np.arange(40.0)
    steps = np.arange(1, 9)
    (line,) = theil_sen(2 + 3 * t, [40])
    assert np.allclose(line(steps), 2 + 3 * (39 + steps))
    wave = np.tile([1.0, 5.0, 2.0, 8.0], 10)
    (again,) = seasonal_naive(wave, 4, [40])
    assert np.allclose(again(steps), np.tile([1, 5, 2, 8], 2))
    (smooth,) = holt_winters(10 + 0.5 * t + wave, 4, [40])
    assert np.allclose(smooth(steps), 10 + 0.5 * (39 + steps) + np.tile([1, 5, 2, 8], 2), atol=0.2)
    (flat,) = holt_winters(np.full(40, 7.0), 1, [40])
    assert np.allclose(flat(steps), 7)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=40, max_size=40),
    st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=20),
)
@settings(max_examples=30, deadline=None)
def test_no_forecast_sees_what_lies_behind_its_origin(known: list[float], other: list[float]) -> None:
    one, two = np.array(known), np.array(known[:20] + other)
    steps = np.arange(1, 6)
    for fit in (
        lambda y: theil_sen(y, [20]),
        lambda y: seasonal_naive(y, 5, [20]),
        lambda y: holt_winters(y, 5, [20, 40]),
        lambda y: holt_winters(y, 1, [20, 40]),
    ):
        assert np.array_equal(fit(one)[0](steps), fit(two)[0](steps))


def minutes(values: Array, every: float = 1) -> list[tuple[datetime, float]]:
    first = NOW - timedelta(minutes=every) * len(values)
    return [(first + timedelta(minutes=every) * i, float(v)) for i, v in enumerate(values)]


def test_samples_become_an_even_series() -> None:
    made = series(
        [(NOW, 1.0), (NOW, 3.0), (NOW + timedelta(minutes=1), 4.0), (NOW + timedelta(minutes=3), 8.0)]
    )
    assert (made.width, made.values.tolist()) == (60, [2.0, 4.0, 6.0, 8.0])
    assert made.steps(NOW + timedelta(minutes=4), timedelta(minutes=3)).tolist() == [1, 2, 3]
    assert made.steps(NOW + timedelta(minutes=6), timedelta(minutes=2)).tolist() == [3, 4]
    long = series([(NOW + timedelta(seconds=i), float(i)) for i in range(0, 7 * 86400, 30)])
    assert len(long.values) <= 481


@given(st.lists(st.tuples(st.integers(0, 600_000), st.floats(0, 100)), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_samples_have_a_forecast(given_samples: list[tuple[int, float]]) -> None:
    samples = sorted((NOW - timedelta(seconds=at), value) for at, value in given_samples)
    for window in (timedelta(minutes=5), timedelta(days=1)):
        made = forecast(samples, NOW, window, 100, timedelta(days=90))
        figures = [made.mean, made.lower, made.upper, made.peak, made.peak_upper]
        assert np.isfinite(figures).all()
        assert made.lower <= made.mean <= made.upper
        assert made.mean <= made.peak + 1e-9 <= made.peak_upper + 2e-9


def test_below_twelve_points_it_is_the_mean() -> None:
    eleven = minutes(np.arange(11.0))
    assert forecast(eleven, NOW, timedelta(hours=1), 100, timedelta(days=9)).method is Method.MEAN
    twice = sorted(eleven * 2)
    few = forecast(twice, NOW, timedelta(hours=1), 100, timedelta(days=9))
    assert (few.method, few.mean) == (Method.MEAN, 5.0)
    twelve = forecast(minutes(np.arange(12.0)), NOW, timedelta(minutes=5), 100, timedelta(days=9))
    assert twelve.modelled
    assert 12 < twelve.mean < 17


def test_days_to_exhaustion_are_a_range() -> None:
    rng = np.random.default_rng(11)
    hours = np.arange(24 * 7)
    filling = 40 + 0.25 * hours + rng.normal(0, 2, len(hours))  # 6 a day: 82 now, full in three days
    made = forecast(minutes(filling, 60), NOW, timedelta(hours=24), 100, timedelta(days=30))
    crossing = made.crossing
    assert crossing.earliest is not None
    assert crossing.likely is not None
    assert crossing.latest is not None
    assert crossing.earliest < crossing.likely < crossing.latest
    assert 2.4 < crossing.likely < 3.6
    steady = forecast(
        minutes(40 + rng.normal(0, 2, 168), 60), NOW, timedelta(hours=24), 100, timedelta(days=30)
    )
    assert steady.crossing.likely is None


def test_a_daily_peak_scales_out_although_the_mean_is_low() -> None:
    hours = np.arange(24 * 7)
    wave = 45 + 45 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(5).normal(0, 1, len(hours))
    made = forecast(minutes(wave, 60), NOW, timedelta(hours=24), 100, timedelta(days=30))
    assert made.report.season_steps == 24
    assert made.mean < 50
    assert 85 < made.peak < 95


BOUNDS = Bounds(75, 85, 55, 1, 10, 4)


@given(st.floats(0, 300), st.floats(0, 100), st.integers(1, 10), st.booleans())
def test_advice_keeps_its_bounds(peak: float, width: float, current: int, modelled: bool) -> None:
    bounds = Bounds(75, 85, 55, 1, 10, current)
    found = advise(bounds, peak, peak + width, modelled=modelled)
    assert 1 <= found.replicas <= 10
    if found.decision is Decision.SCALE_OUT:
        assert peak >= 85
        assert found.replicas >= min(10, current + 1)
        assert found.replicas == 10 or current * (peak + width) / found.replicas <= 75 + 1e-6
    elif found.decision is Decision.SCALE_IN:
        assert peak <= 55
        assert found.replicas == max(1, current - 1) or found.replicas < current
    else:
        assert found.replicas == current


def test_advice_counts_replicas_by_the_target() -> None:
    assert needed(BOUNDS, 75) == 4
    assert needed(BOUNDS, 75.1) == 5
    assert advise(BOUNDS, 90, 120, modelled=True).replicas == 7
    assert advise(BOUNDS, 30, 35, modelled=True).replicas == 2
    assert advise(BOUNDS, 50, 70, modelled=True) == advise(BOUNDS, 60, 60, modelled=True), "hold: too unsure"
