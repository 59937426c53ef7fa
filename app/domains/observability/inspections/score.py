"""The figures of a run, and what changed since the one before."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.domains.observability.inspections.words import CheckStatus


@dataclass(frozen=True, slots=True)
class Score:
    passed: int
    warned: int
    failed: int

    @property
    def total(self) -> int:
        return self.passed + self.warned + self.failed

    @property
    def percent(self) -> float:
        """(pass + ½ warn) / total · 100, two decimals; 0 when there was no check."""
        return round((self.passed + self.warned / 2) / self.total * 100, 2) if self.total else 0.0


def score(statuses: Iterable[str]) -> Score:
    counts = Counter(statuses)
    return Score(counts[CheckStatus.PASS], counts[CheckStatus.WARN], counts[CheckStatus.FAIL])


@dataclass(frozen=True, slots=True)
class Trend:
    """`new_failures` fail now and did not before; `fixed` failed before and do not now. Keys, sorted."""

    new_failures: list[str]
    fixed: list[str]


def trend(before: Mapping[str, str], now: Mapping[str, str]) -> Trend:
    """Compare two runs, each a status by check key. A check that is no longer carried out is not fixed."""
    failed_before = {key for key, status in before.items() if status == CheckStatus.FAIL}
    failing = {key for key, status in now.items() if status == CheckStatus.FAIL}
    return Trend(sorted(failing - failed_before), sorted((failed_before - failing) & now.keys()))
