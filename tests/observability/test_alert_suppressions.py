"""Silences, maintenance windows, inhibitions: who is quiet, why, and what is told when it ends."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domains.observability import Severity
from app.domains.observability.alerts.matchers import matches, why_refused
from app.domains.observability.suppressions.windows import in_force
from app.domains.observability.tell import tell
from tests.observability.alerts_resources import alert, route, suppression_body
from tests.observability.conftest import Working
from tests.support.tenants import Tenant

ALERTS = "/api/observability/alerts"
SUPPRESSIONS = "/api/observability/suppressions"
SENT = "/api/observability/notifications"
BERLIN = "Europe/Berlin"


def suppress(tenant: Tenant, *matchers: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    body = suppression_body(matchers=as_matchers(*matchers), **changes)
    return tenant.post(SUPPRESSIONS, **body)


def as_matchers(*matchers: tuple[str, str, str]) -> list[dict[str, str]]:
    return [dict(zip(("name", "op", "value"), each, strict=True)) for each in matchers]


def quiet(tenant: Tenant) -> dict[str, str | None]:
    """What suppresses each open alert, by key."""
    return {
        row["key"]: row["suppressed_by"]
        for row in tenant.client.get(ALERTS, params={"status": "OPEN"}).json()
    }


def told(tenant: Tenant) -> list[str]:
    found = tenant.client.get(SENT).json()[::-1]
    return [each["key"] for sent in found for each in sent["payload"]["alerts"]]


def test_a_silence_holds_for_what_is_open_and_what_comes_until_it_ends(
    tenant: Tenant, working: Working
) -> None:
    route(tenant, group_wait_seconds=0)
    alert(tenant, key="before", labels={"team": "db"})
    alert(tenant, key="other")
    made = suppress(tenant, ("team", "=", "db"))
    reason = f"silence:{made['id']}"
    assert quiet(tenant) == {"before": reason, "other": None}
    alert(tenant, key="after", labels={"team": "db"})
    start = datetime.now(UTC)
    for minutes in (1, 30):
        with working(start + timedelta(minutes=minutes)) as tx:
            tell(tx)
    assert quiet(tenant) == {"before": reason, "after": reason, "other": None}
    assert told(tenant) == ["other"]
    with working(start + timedelta(minutes=62)) as tx:
        tell(tx)
    assert quiet(tenant) == {"before": None, "after": None, "other": None}
    assert sorted(told(tenant)) == ["after", "before", "other"]


def test_ending_it_early_tells(tenant: Tenant, working: Working, relay: Any) -> None:
    route(tenant, group_wait_seconds=0)
    made = suppress(tenant, ("key", "=", "k"))
    alert(tenant, key="k")
    with working() as tx:
        tell(tx)
    assert told(tenant) == []
    ended = tenant.client.post(f"{SUPPRESSIONS}/{made['id']}:end")
    assert ended.status_code == 200, ended.text
    again = tenant.client.post(f"{SUPPRESSIONS}/{made['id']}:end")
    assert again.json() == ended.json()
    assert quiet(tenant) == {"k": None}
    with working() as tx:
        tell(tx)
    assert told(tenant) == ["k"]
    assert tenant.client.get(SUPPRESSIONS, params={"ended": False}).json() == []
    assert len(tenant.client.get(SUPPRESSIONS, params={"ended": True}).json()) == 1
    relay(tenant)
    thread = tenant.client.get("/api/thread", params={"ref": f"suppression:{made['id']}"}).json()
    assert [line["type"] for line in thread] == ["alert_suppression.created", "alert_suppression.ended"]


def test_inhibition(tenant: Tenant, working: Working) -> None:
    source = alert(tenant, key="host.down", severity=Severity.P1, labels={"host": "a"})
    for host in "ab":
        alert(tenant, key=f"disk.{host}", severity=Severity.P3, labels={"host": host})
    made = suppress(
        tenant,
        ("severity", "=~", "P2|P3"),
        kind="INHIBITION",
        source_matchers=as_matchers(("severity", "=", "P1")),
        equal=["host"],
        ends_at=None,
    )
    assert quiet(tenant) == {"host.down": None, "disk.a": f"inhibition:{made['id']}", "disk.b": None}
    tenant.client.post(f"{ALERTS}/{source}:close")
    with working() as tx:
        tell(tx)
    assert quiet(tenant) == {"disk.a": None, "disk.b": None}


def test_an_alert_never_inhibits_itself(tenant: Tenant) -> None:
    for key in ("a", "b"):
        alert(tenant, key=key)
    suppress(
        tenant,
        ("key", "=~", "a|b"),
        kind="INHIBITION",
        source_matchers=as_matchers(("source", "=", "PLATFORM")),
        ends_at=None,
    )
    assert quiet(tenant) == {"a": None, "b": None}


def test_a_preview_writes_nothing(tenant: Tenant) -> None:
    alert_id = alert(tenant, key="k")
    alert(tenant, key="l")
    body = suppression_body(matchers=as_matchers(("key", "=", "k")))
    answer = tenant.client.post(f"{SUPPRESSIONS}:preview", json=body).json()
    assert (answer["affected_count"], [row["id"] for row in answer["alerts"]]) == (1, [alert_id])
    assert tenant.client.get(SUPPRESSIONS).json() == []
    assert set(quiet(tenant).values()) == {None}


@pytest.mark.parametrize(
    "changes",
    [
        {"matchers": []},
        {"ends_at": "2020-01-01T00:00:00Z"},
        {"ends_at": (datetime.now(UTC) + timedelta(days=31)).isoformat()},
        {"ends_at": None},
        {"comment": " "},
        {"kind": "MAINTENANCE", "weekly": {"days": [7], "start": "22:00", "minutes": 5}},
        {"kind": "MAINTENANCE", "weekly": {"days": [1], "start": "24:00", "minutes": 5}},
        {"kind": "MAINTENANCE", "weekly": {"days": [1], "start": "22:00", "minutes": 5, "timezone": "X"}},
        {"kind": "INHIBITION"},
    ],
)
def test_what_is_no_suppression(tenant: Tenant, changes: dict[str, Any]) -> None:
    answer = tenant.client.post(SUPPRESSIONS, json=suppression_body(**changes))
    assert answer.status_code == 422, answer.text


def test_a_weekly_maintenance_window(tenant: Tenant, working: Working) -> None:
    start = datetime.now(UTC)
    weekly = {"days": [start.weekday()], "start": f"{start:%H:%M}", "minutes": 30, "timezone": "UTC"}
    ends = (start + timedelta(days=60)).isoformat()
    made = suppress(tenant, ("key", "=", "k"), kind="MAINTENANCE", weekly=weekly, ends_at=ends)
    alert(tenant, key="k")
    reason, seen = f"maintenance:{made['id']}", []
    for after in (timedelta(0), timedelta(minutes=40), timedelta(days=1), timedelta(days=7)):
        with working(start + after + timedelta(seconds=1)) as tx:
            tell(tx)
        seen.append(quiet(tenant)["k"])
    assert seen == [reason, None, None, reason]


def test_a_window_follows_the_wall_clock_and_reaches_into_the_next_day() -> None:
    weekly = {"days": [6], "start": "23:30", "minutes": 90, "timezone": BERLIN}
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    inside, outside = [], []
    for sunday in (
        datetime(2026, 3, 22, tzinfo=ZoneInfo(BERLIN)),
        datetime(2026, 3, 29, tzinfo=ZoneInfo(BERLIN)),
    ):
        at = sunday.replace(hour=23, minute=30).astimezone(UTC)
        inside += [at, at + timedelta(minutes=89)]
        outside += [at - timedelta(minutes=1), at + timedelta(minutes=90)]
    assert all(in_force(begin, None, weekly, at) for at in inside)
    assert not any(in_force(begin, None, weekly, at) for at in outside)
    assert not in_force(begin + timedelta(days=365), None, weekly, inside[0])
    assert not in_force(begin, inside[0], weekly, inside[0])


@given(
    st.integers(0, 6),
    st.integers(0, 23),
    st.integers(1, 10_080),
    st.integers(0, 14 * 24 * 60),
    st.sampled_from(["UTC", "Asia/Kolkata"]),
)
def test_windows_are_what_counting_minutes_says(
    day: int, hour: int, minutes: int, offset: int, zone: str
) -> None:
    weekly = {"days": [day], "start": f"{hour:02}:00", "minutes": minutes, "timezone": zone}
    monday = datetime(2026, 2, 2, tzinfo=ZoneInfo(zone))
    now = monday + timedelta(minutes=offset)
    since = (offset - (day * 24 + hour) * 60) % (7 * 24 * 60)
    assert in_force(datetime(2026, 1, 1, tzinfo=UTC), None, weekly, now.astimezone(UTC)) is (since < minutes)


def test_matchers() -> None:
    known = {"severity": "P1", "team": "db-1"}
    for name, op, value, holds in (
        ("severity", "=", "P1", True),
        ("severity", "!=", "P1", False),
        ("team", "=~", "db-.", True),
        ("team", "=~", "db", False),
        ("team", "!~", "web.*|db", True),
        ("nothing", "=", "", True),
        ("nothing", "!=", "x", True),
    ):
        assert matches([{"name": name, "op": op, "value": value}], known) is holds
    assert matches([], known)
    assert why_refused("db-[0-9+*]+|web.*") == ""
    assert why_refused(r"a\*\+\?b.*") == ""
