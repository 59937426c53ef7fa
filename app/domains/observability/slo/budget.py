"""Error budgets: how much of what the target allows is spent, how fast, and until when it lasts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domains.observability.slo.burn import Counts, Tier, burn_rate, fires, tiers, wilson
from app.domains.observability.slo.counts import Timeline
from app.domains.observability.slo.windows import Window

RECENT = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Burn:
    """One tier of a window: rates are None when errors met a target of 1."""

    tier: Tier
    factor: float
    long: Counts
    short: Counts
    long_rate: float | None
    short_rate: float | None
    reachable: bool
    firing: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """When the budget is spent if errors and traffic go on as in the last six hours; None: it lasts.

    `earliest` and `latest` come from the ends of a 90 % interval of the error ratio.
    """

    earliest: datetime | None
    likely: datetime | None
    latest: datetime | None


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of one window. Shares are of the errors that the target allows among the events so far; above 1
    the budget is overspent. They are None when the target allows none and there are some.
    """

    window: Window
    starts_at: datetime
    ends_at: datetime
    measured_from: datetime | None
    raw: Counts
    corrected: Counts
    allowed_bad: float
    spent: float | None
    remaining: float | None
    rate: float | None
    burns: list[Burn]
    outlook: Outlook


def budget(
    line: Timeline, window: Window, now: datetime, *, target: float, timezone: str, minimum: int
) -> Budget:
    """The budget of `window` at `now`. `minimum`: events below which no tier fires."""
    starts, ends = window.around(now, timezone)
    until = now + timedelta(microseconds=1)
    raw, corrected = line.raw(starts, until), line.corrected(starts, until)
    allowed = (1 - target) * corrected.total
    spent = _spent(corrected.bad, allowed)
    return Budget(
        window=window,
        starts_at=starts,
        ends_at=ends,
        measured_from=line.first,
        raw=raw,
        corrected=corrected,
        allowed_bad=allowed,
        spent=spent,
        remaining=None if spent is None else 1 - spent,
        rate=burn_rate(corrected, target),
        burns=burns(line, ends - starts, now, target=target, minimum=minimum),
        outlook=outlook(line.corrected(now - RECENT, until), spent, (starts, ends), now, target, window),
    )


def _spent(bad: int, allowed: float) -> float | None:
    if bad == 0:
        return 0.0
    return bad / allowed if allowed > 0 else None


def burns(line: Timeline, period: timedelta, now: datetime, *, target: float, minimum: int) -> list[Burn]:
    """The tiers of a period, fastest first."""
    found = []
    until = now + timedelta(microseconds=1)
    for tier, factor in tiers(period):
        long, short = line.corrected(now - tier.long, until), line.corrected(now - tier.short, until)
        found.append(
            Burn(
                tier,
                factor,
                long,
                short,
                burn_rate(long, target),
                burn_rate(short, target),
                reachable=factor * (1 - target) <= 1,
                firing=fires(long, short, target, factor, minimum),
            )
        )
    return found


def outlook(
    recent: Counts,
    spent: float | None,
    bounds: tuple[datetime, datetime],
    now: datetime,
    target: float,
    window: Window,
) -> Outlook:
    """Remaining share over burn rate, in periods (Site Reliability Workbook, chapter 5), as a range.

    A rolling window at a burn rate of 1 or less lasts: errors leave it as fast as they come. A calendar window lasts
    when its end comes first.
    """
    if spent is None or spent >= 1:
        return Outlook(now, now, now)
    allowed, period = 1 - target, bounds[1] - bounds[0]
    if recent.total == 0 or allowed <= 0:
        return Outlook(None, None, None)

    def at(error_ratio: float) -> datetime | None:
        rate = error_ratio / allowed
        if rate <= (1.0 if window.unit is None else 0.0):
            return None
        left = period * ((1 - spent) / rate)
        when = now + min(left, timedelta(days=3660))
        return when if window.unit is None or when < bounds[1] else None

    low, high = wilson(recent)
    return Outlook(earliest=at(high), likely=at(recent.error_ratio), latest=at(low))
