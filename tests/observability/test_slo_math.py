"""Burn rates, windows, intervals and budgets as pure functions."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import comb
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domains.observability.signals.queries import MinuteCounts
from app.domains.observability.slo.budget import budget
from app.domains.observability.slo.burn import (
    TIERS,
    Counts,
    burn_rate,
    fires,
    tail,
    tiers,
    wilson,
)
from app.domains.observability.slo.counts import Timeline
from app.domains.observability.slo.intervals import clipped, merged, without
from app.domains.observability.slo.windows import Window
from app.domains.observability.slo.words import CalendarUnit, WindowKind

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MONTH = Window(WindowKind.ROLLING, days=30)


def test_the_factors_of_thirty_days_are_those_of_the_workbook() -> None:
    assert [(t.name, round(f, 9)) for t, f in tiers(timedelta(days=30))] == [
        ("fast", 14.4),
        ("brisk", 6),
        ("slow", 3),
        ("creeping", 1),
    ]


@pytest.mark.parametrize(
    ("days", "factors"),
    [
        (7, [3.36, 1.4]),
        (14, [6.72, 2.8, 1.4]),
        (28, [13.44, 5.6, 2.8]),
        (90, [43.2, 18, 9, 3]),
        (1, []),
    ],
)
def test_other_periods_have_factors_of_their_own(days: int, factors: list[float]) -> None:
    assert [round(f, 9) for _, f in tiers(timedelta(days=days))] == factors


@given(st.integers(2, 366), st.sampled_from(TIERS))
def test_burning_at_a_tiers_factor_spends_its_share(days: int, tier: object) -> None:
    period = timedelta(days=days)
    spent = tier.factor(period) * (tier.long / period)  # type: ignore[attr-defined]
    assert spent == pytest.approx(tier.share)  # type: ignore[attr-defined]


def test_burn_rate_is_one_when_the_objective_is_just_kept() -> None:
    assert burn_rate(Counts(1000, 990), 0.99) == pytest.approx(1)
    assert burn_rate(Counts(0, 0), 0.99) == 0
    assert burn_rate(Counts(10, 10), 1) == 0
    assert burn_rate(Counts(10, 9), 1) is None


def exact_tail(bad: int, total: int, ratio: Fraction) -> float:
    return float(sum(comb(total, k) * ratio**k * (1 - ratio) ** (total - k) for k in range(bad, total + 1)))


@given(st.integers(0, 60), st.integers(1, 60), st.fractions(Fraction(1, 1000), Fraction(999, 1000)))
def test_the_tail_is_that_of_the_binomial_distribution(bad: int, total: int, ratio: Fraction) -> None:
    bad = min(bad, total)
    assert tail(bad, total, float(ratio)) == pytest.approx(exact_tail(bad, total, ratio), rel=1e-6, abs=1e-12)


def test_the_tail_of_much_traffic_is_quick_and_right() -> None:
    assert tail(10_100, 10_000_000, 0.001) == pytest.approx(0.16, abs=0.01)  # one standard deviation
    assert tail(9_900, 10_000_000, 0.001) == pytest.approx(0.84, abs=0.01)
    assert tail(2, 10, 0.0) == 0
    assert tail(0, 0, 0.5) == 1


def test_one_error_of_few_wakes_nobody() -> None:
    period = timedelta(days=30)
    fast, factor = tiers(period)[0]
    assert fast.page
    for total in (2, 5, 10):
        one = Counts(total, total - 1)
        assert burn_rate(one, 0.999) > factor  # type: ignore[operator]
        assert not fires(one, one, 0.999, factor, minimum=1)
    two = Counts(10, 8)
    assert fires(two, two, 0.999, factor, minimum=1)
    assert not fires(two, two, 0.999, factor, minimum=11)


@given(st.integers(0, 5000), st.integers(0, 5000), st.floats(0.5, 0.9999))
def test_both_windows_must_burn(long_bad: int, short_bad: int, target: float) -> None:
    long, short = Counts(5000, 5000 - long_bad), Counts(5000, 5000 - short_bad)
    if fires(long, short, target, 14.4, 1):
        assert long.error_ratio >= 14.4 * (1 - target) * 0.999
        assert short.error_ratio >= 14.4 * (1 - target) * 0.999
    quiet = Counts(5000, 5000)
    assert not fires(long, quiet, target, 14.4, 1)
    assert not fires(quiet, short, target, 14.4, 1)


@given(st.integers(1, 2000), st.data())
def test_the_interval_of_a_ratio_holds_the_ratio(total: int, data: st.DataObject) -> None:
    counts = Counts(total, data.draw(st.integers(0, total)))
    low, high = wilson(counts)
    assert 0 <= low <= counts.error_ratio + 1e-12
    assert counts.error_ratio <= high + 1e-12
    assert high <= 1


instants = st.integers(0, 500).map(lambda m: NOW + m * MINUTE)
pairs = st.lists(st.tuples(instants, instants), max_size=12)


@given(pairs, instants, instants)
def test_intervals_cut_a_window_in_two(
    given_pairs: list[tuple[datetime, datetime]], one: datetime, two: datetime
) -> None:
    start, end = min(one, two), max(one, two)

    def minutes(intervals: list[tuple[datetime, datetime]]) -> set[datetime]:
        return {
            low + n * MINUTE for low, high in intervals for n in range(max(0, int((high - low) / MINUTE)))
        }

    inside, outside = clipped(given_pairs, start, end), without(start, end, given_pairs)
    assert minutes(inside) | minutes(outside) == minutes([(start, end)])
    assert not minutes(inside) & minutes(outside)
    whole = merged(given_pairs)
    assert minutes(whole) == minutes(given_pairs)
    assert all(a[1] < b[0] for a, b in pairwise(whole))


def test_calendar_windows_follow_the_wall_clock() -> None:
    berlin = "Europe/Berlin"
    day = Window(WindowKind.CALENDAR, unit=CalendarUnit.DAY)
    change = datetime(2026, 3, 29, 12, tzinfo=UTC)
    start, end = day.around(change, berlin)
    assert (start, end) == (datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert end - start == timedelta(hours=23)
    month = Window(WindowKind.CALENDAR, unit=CalendarUnit.MONTH)
    assert month.around(datetime(2026, 2, 28, 23, 30, tzinfo=UTC), berlin) == (
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),
    )
    week = Window(WindowKind.CALENDAR, unit=CalendarUnit.WEEK)
    assert week.around(datetime(2026, 1, 1, tzinfo=UTC), "UTC")[0] == datetime(2025, 12, 29, tzinfo=UTC)
    quarter = Window(WindowKind.CALENDAR, unit=CalendarUnit.QUARTER)
    assert quarter.around(datetime(2026, 12, 31, tzinfo=UTC), "UTC") == (
        datetime(2026, 10, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 the zone is added below
    st.sampled_from(list(CalendarUnit)),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"]
    ),
)
def test_every_instant_lies_in_its_calendar_window(at: datetime, unit: CalendarUnit, zone: str) -> None:
    now = at.replace(tzinfo=UTC)
    window = Window(WindowKind.CALENDAR, unit=unit)
    start, end = window.around(now, zone)
    assert start <= now < end
    assert window.around(end, zone)[0] == end, "windows follow each other without a gap"
    assert end.astimezone(ZoneInfo(zone)).date() > start.astimezone(ZoneInfo(zone)).date()


def steady(minutes: int, total: int, bad: int) -> list[MinuteCounts]:
    return [MinuteCounts(NOW - n * MINUTE, total, total - bad) for n in range(minutes)]


def test_a_budget_counts_events_and_not_ratios() -> None:
    busy = [MinuteCounts(NOW - MINUTE, 10_000, 9_995)]
    idle = [MinuteCounts(NOW - timedelta(days=n), 1, 0) for n in range(1, 6)]
    found = budget(Timeline(busy + idle), MONTH, NOW, target=0.99, timezone="UTC", minimum=1)
    assert (found.raw.total, found.raw.bad) == (10_005, 10)
    assert found.spent == pytest.approx(10 / 100.05)  # the mean of the minutes' ratios says 83 %


def test_a_budget_that_burns_ends_when_the_arithmetic_says() -> None:
    line = Timeline(steady(6 * 60, 1000, 20))  # 2 % errors against 1 %: burns at 2
    found = budget(line, MONTH, NOW, target=0.99, timezone="UTC", minimum=1)
    assert found.rate == pytest.approx(2)
    assert found.spent == pytest.approx(2)
    assert found.outlook.likely == NOW, "it is overspent already"
    quiet = steady(29 * 24 * 60, 1000, 0)[6 * 60 :]
    found = budget(
        Timeline(quiet + steady(6 * 60, 1000, 20)), MONTH, NOW, target=0.99, timezone="UTC", minimum=1
    )
    share = (20 * 360) / (0.01 * 1000 * 29 * 24 * 60)
    assert found.spent == pytest.approx(share)
    likely = found.outlook.likely
    assert likely is not None
    assert abs(likely - (NOW + timedelta(days=30) * (1 - share) / 2)) < timedelta(hours=2)
    assert found.outlook.earliest is not None
    assert found.outlook.latest is not None
    assert found.outlook.earliest < likely < found.outlook.latest
    lasting = budget(Timeline(steady(600, 1000, 5)), MONTH, NOW, target=0.99, timezone="UTC", minimum=1)
    assert lasting.outlook.likely is None


def test_a_target_of_one_allows_nothing() -> None:
    clean = budget(Timeline(steady(10, 10, 0)), MONTH, NOW, target=1, timezone="UTC", minimum=1)
    assert (clean.spent, clean.rate) == (0, 0)
    assert not any(burn.firing for burn in clean.burns)
    spoilt = budget(Timeline(steady(10, 10, 1)), MONTH, NOW, target=1, timezone="UTC", minimum=1)
    assert (spoilt.spent, spoilt.rate, spoilt.outlook.likely) == (None, None, NOW)
    assert all(burn.firing for burn in spoilt.burns)


def test_a_tier_that_nothing_reaches_says_so() -> None:
    found = budget(Timeline([]), MONTH, NOW, target=0.9, timezone="UTC", minimum=1)
    assert [(burn.tier.name, burn.reachable) for burn in found.burns] == [
        ("fast", False),
        ("brisk", True),
        ("slow", True),
        ("creeping", True),
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 50), st.integers(0, 50)),
        max_size=40,
        unique_by=lambda r: r[0],
    ),
    pairs,
)
def test_corrections_take_out_exactly_their_minutes(
    rows: list[tuple[int, int, int]], excluded: list[tuple[datetime, datetime]]
) -> None:
    minutes = [MinuteCounts(NOW + at * MINUTE, good + bad, good) for at, good, bad in rows]
    end = NOW + 4000 * MINUTE
    line = Timeline(minutes, clipped(excluded, NOW, end))
    kept = [m for m in minutes if not any(low <= m.at < high for low, high in excluded)]
    assert line.corrected(NOW, end) == Counts(sum(m.total for m in kept), sum(m.good for m in kept))
    assert line.raw(NOW, end) == Counts(sum(m.total for m in minutes), sum(m.good for m in minutes))
