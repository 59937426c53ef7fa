"""What needs no database: templates, hysteresis, and how long is long enough."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domains.observability.rules.decide import Comparator, Known, Phase, breached, decide
from app.domains.observability.rules.templates import fill, names_in

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)


def test_names_are_looked_up_and_nothing_else() -> None:
    values = {
        "rule": "R",
        "value": 0.123456789,
        "payload": {"a": {"b": 1}, "n": None},
        "labels": {"x-y": "z"},
    }
    assert (
        fill("{rule} {value} {payload.a.b}{payload.n}{payload.none} {labels.x-y}", values) == "R 0.123457 1 z"
    )
    for odd in (
        "{",
        "}",
        "{}",
        "{0}",
        "{rule!r}",
        "{rule:>99999999}",
        "{payload[a]}",
        "{rule.__class__}",
        "%s",
    ):
        assert fill(odd, values) in {odd, ""}
    assert names_in("{a} {b.c} {}") == {"a", "b"}


@given(st.text(max_size=60), st.text(max_size=20))
def test_a_value_is_never_read_as_a_template(template: str, value: str) -> None:
    assert fill("{x}" + template.replace("{", "").replace("}", ""), {"x": value}).startswith(value)


@pytest.mark.parametrize(
    ("comparator", "holding", "not_holding"), [(">", 11, 10), (">=", 10, 9), ("<", 9, 10), ("<=", 10, 11)]
)
def test_comparators(comparator: str, holding: float, not_holding: float) -> None:
    for value, holds in ((holding, True), (not_holding, False), (None, False)):
        assert breached(value, Comparator(comparator), 10, 10, firing=False) is holds


def test_what_fires_goes_on_until_it_is_past_the_clear_threshold() -> None:
    assert [
        breached(value, Comparator.ABOVE, 10, 5, firing=firing)
        for value, firing in ((8, False), (8, True), (5, True), (11, False))
    ] == [False, True, False, True]


def test_pending_until_long_enough() -> None:
    known = None
    phases = []
    for second in (0, 30, 59, 60, 90):
        now = NOW + timedelta(seconds=second)
        verdict = decide(known, holds=True, now=now, for_seconds=60)
        assert verdict.pending_since == NOW
        known = Known(NOW, verdict.phase is Phase.FIRING)
        phases.append(verdict.phase)
    assert phases == [Phase.PENDING] * 3 + [Phase.FIRING] * 2
    over = decide(known, holds=False, now=NOW, for_seconds=60)
    assert (over.phase, over.pending_since, over.recovered) == (Phase.OK, None, True)
    assert not decide(Known(NOW, firing=False), holds=False, now=NOW, for_seconds=60).recovered


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 300))
def test_it_fires_exactly_when_it_held_for_long_enough(held: list[bool], for_seconds: int) -> None:
    known, since = None, None
    for minute, holds in enumerate(held):
        now = NOW + timedelta(minutes=minute)
        since = (since or now) if holds else None
        verdict = decide(known, holds=holds, now=now, for_seconds=for_seconds)
        expected = since is not None and now - since >= timedelta(seconds=for_seconds)
        assert (verdict.phase is Phase.FIRING) is expected
        known = None if since is None else Known(since, verdict.phase is Phase.FIRING)
