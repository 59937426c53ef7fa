"""How fast an error budget burns, and when that is worth waking somebody.

Source: The Site Reliability Workbook, chapter 5, "Alerting on SLOs" (sre.google/workbook/alerting-on-slos): a burn rate
of 1 spends exactly the budget in the period; each tier alerts when a share of the budget is spent in its long window
and its short window shows that it still is being spent. The factor follows from the share,
`factor = share * period / long`, so 14.4, 6, 3 and 1 hold for 30 days and for no other period.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma, log, log1p, sqrt

CHANCE = 0.001
"""An alert needs errors that a service which just keeps its objective would show less often than this."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Events in some time."""

    total: int
    good: int

    @property
    def bad(self) -> int:
        return self.total - self.good

    @property
    def error_ratio(self) -> float:
        return self.bad / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Tier:
    """One pair of windows. `page`: worth waking somebody; otherwise for the working day."""

    name: str
    share: float
    long: timedelta
    short: timedelta
    page: bool

    def factor(self, period: timedelta) -> float:
        """The burn rate that spends `share` of the budget of `period` within the long window."""
        return self.share * (period / self.long)


TIERS = (
    Tier("fast", 0.02, timedelta(hours=1), timedelta(minutes=5), page=True),
    Tier("brisk", 0.05, timedelta(hours=6), timedelta(minutes=30), page=True),
    Tier("slow", 0.10, timedelta(days=1), timedelta(hours=2), page=False),
    Tier("creeping", 0.10, timedelta(days=3), timedelta(hours=6), page=False),
)


def tiers(period: timedelta) -> list[tuple[Tier, float]]:
    """The tiers that make sense for a period, fastest first, each with its factor.

    Left out are those whose long window is not shorter than the period, and those below a factor of 1: at such a
    rate the budget lasts.
    """
    fit = [(tier, tier.factor(period)) for tier in TIERS if tier.long < period]
    return [(tier, factor) for tier, factor in fit if factor >= 1 - 1e-9]


def burn_rate(counts: Counts, target: float) -> float | None:
    """Error ratio over what the target allows; 0 without events, None when errors met a target of 1."""
    if counts.bad == 0:
        return 0.0
    allowed = 1 - target
    return counts.error_ratio / allowed if allowed > 0 else None


def exceeds(counts: Counts, target: float, factor: float) -> bool:
    rate = burn_rate(counts, target)
    return rate is None or (rate > 0 and rate >= factor * (1 - 1e-9))


def fires(long: Counts, short: Counts, target: float, factor: float, minimum: int) -> bool:
    """Whether a tier alerts: both windows burn at its factor, on enough events, and not by chance."""
    if long.total < minimum or not exceeds(long, target, factor) or not exceeds(short, target, factor):
        return False
    return tail(long.bad, long.total, 1 - target) < CHANCE


def tail(bad: int, total: int, ratio: float) -> float:
    """P(X >= bad) for X ~ Binomial(total, ratio), exact: the chance of so many errors in a service at its objective."""
    if bad <= 0:
        return 1.0
    if ratio <= 0:
        return 0.0
    if ratio >= 1:
        return 1.0
    if bad <= total * ratio:
        return max(0.0, 1.0 - _upper_sum(total - bad + 1, total, 1 - ratio))
    return min(1.0, _upper_sum(bad, total, ratio))


def _upper_sum(first: int, total: int, ratio: float) -> float:
    """The sum of the binomial terms from `first` up; they shrink from there on when first lies above the mean."""
    if first > total:
        return 0.0
    term = exp(
        lgamma(total + 1)
        - lgamma(first + 1)
        - lgamma(total - first + 1)
        + first * log(ratio)
        + (total - first) * log1p(-ratio)
    )
    found = 0.0
    for k in range(first, total + 1):
        found += term
        following = term * (total - k) / (k + 1) * ratio / (1 - ratio)
        if following < term and following < found * 1e-17:
            break
        term = following
    return found


def wilson(counts: Counts, z: float = 1.645) -> tuple[float, float]:
    """A 90 % interval of the error ratio (Wilson 1927, J. Am. Stat. Assoc. 22:209); (0, 1) without events."""
    n = counts.total
    if n == 0:
        return 0.0, 1.0
    p = counts.error_ratio
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)
