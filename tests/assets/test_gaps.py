"""The next free stretch, against trying every minute."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.domains.assets.timeline.gaps import Span, next_available, next_free

ZERO = datetime(2031, 1, 1, tzinfo=UTC)
FAR = 200


def minute(number: int) -> datetime:
    return ZERO + timedelta(minutes=number)


@st.composite
def spans(draw: st.DrawFn, *, standing: bool = False) -> list[Span]:
    pairs = draw(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8))
    flags = [standing and draw(st.booleans()) for _ in pairs]
    return [Span(minute(a), minute(a + n), flag) for (a, n), flag in zip(pairs, flags, strict=True)]


def free(taken: list[Span], start: datetime, length: timedelta) -> bool:
    return all(span.ends_at <= start or span.starts_at >= start + length for span in taken)


@settings(derandomize=True, max_examples=200, deadline=None, database=None)
@given(spans(), st.integers(0, 80), st.integers(1, 25))
def test_the_next_free_start_is_the_first_minute_that_fits(
    taken: list[Span], earliest: int, length: int
) -> None:
    wanted = timedelta(minutes=length)
    tried = next(m for m in range(earliest, FAR) if free(taken, minute(m), wanted))
    assert next_free(taken, minute(earliest), wanted) == minute(tried)


@settings(derandomize=True, max_examples=200, deadline=None, database=None)
@given(spans(standing=True), st.integers(0, 80))
def test_an_asset_is_available_at_the_first_minute_that_nothing_holds(taken: list[Span], at: int) -> None:
    stands = any(span.standing and span.starts_at <= minute(at) for span in taken)
    held = [span for span in taken if span.ends_at > minute(at) or span.standing]
    tried = next(m for m in range(at, FAR) if all(not s.starts_at <= minute(m) < s.ends_at for s in held))
    assert next_available(taken, minute(at)) == (None if stands else minute(tried))
