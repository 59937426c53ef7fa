"""Pure: where the next free stretch of a timeline is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Span:
    """Taken time, `[starts_at, ends_at)`; `standing` has no known end."""

    starts_at: datetime
    ends_at: datetime
    standing: bool = False


def next_free(taken: Iterable[Span], earliest: datetime, length: timedelta) -> datetime:
    """The first instant at or after `earliest` from which `length` is free of every span.

    A standing span counts up to its present end: it is moved on while it stands, and may end before.
    """
    candidate = earliest
    for span in sorted(taken, key=lambda s: s.starts_at):
        if span.starts_at >= candidate + length:
            break
        candidate = max(candidate, span.ends_at)
    return candidate


def next_available(taken: Iterable[Span], at: datetime) -> datetime | None:
    """When nothing holds the asset any more, for one that is held at `at`; None while something stands."""
    spans = [span for span in taken if span.ends_at > at or span.standing]
    if any(span.standing and span.starts_at <= at for span in spans):
        return None
    return next_free(spans, at, timedelta(microseconds=1))
