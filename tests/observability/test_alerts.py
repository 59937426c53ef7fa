"""The one alert: raised once, counted, answered, closed, and opened anew."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domains.observability import (
    Severity,
    Source,
    close_by_work,
    link_work,
    raise_alert,
    resolve_alert,
)
from app.kernel.jobs.engine import JobContext
from tests.observability.alerts_resources import alert, finding, shift_body
from tests.support.tenants import Tenant

ALERTS = "/api/observability/alerts"


def listed(tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    answer = tenant.client.get(ALERTS, params=query)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


def event_types(tenant: Tenant, relay: Any, subject: str) -> list[str]:
    relay(tenant)
    answer = tenant.client.get("/api/events", params={"subject": subject})
    return [event["type"] for event in answer.json()]


def test_a_repeated_raise_counts_and_emits_nothing(working: Any, tenant: Tenant, relay: Any) -> None:
    what = finding(labels={"room": "3"}, value=float("nan"))
    with working() as tx:
        first = raise_alert(tx, what)
        assert first.opened
        assert raise_alert(tx, replace(what, message="Louder now.", value=2.5)) == replace(
            first, opened=False
        )
    with working() as tx:
        assert not raise_alert(tx, what).opened
    (row,) = listed(tenant)
    assert row["id"] == str(first.alert_id)
    assert (row["occurrences"], row["status"], row["severity"]) == (3, "OPEN", "P2")
    assert (row["labels"], row["detail"], row["value"]) == ({"room": "3"}, {"room": "3"}, None)
    assert (row["suppressed"], row["suppressed_by"]) == (False, None)
    assert event_types(tenant, relay, f"alert:{first.alert_id}") == ["alert.created"]


def test_another_severity_is_told_once(working: Any, tenant: Tenant, relay: Any) -> None:
    what = finding()
    with working() as tx:
        raised = raise_alert(tx, what)
        for _ in range(2):
            raise_alert(tx, replace(what, severity=Severity.P1))
    (row,) = listed(tenant, severity="P1")
    assert row["version"] == 2
    assert event_types(tenant, relay, f"alert:{raised.alert_id}") == ["alert.created", "alert.updated"]


def test_sixteen_raises_at_once_open_one(server: Any, tenant: Tenant) -> None:
    what = finding()
    context = JobContext(server.database, tenant.id, "test", "test")
    with ThreadPoolExecutor(16) as hands:
        tries = [hands.submit(context.write, lambda tx: raise_alert(tx, what)) for _ in range(16)]
        raised = [each.result() for each in tries]
    assert [each.opened for each in raised].count(True) == 1
    (row,) = listed(tenant)
    assert row["occurrences"] == 16


def test_recovery_closes_and_the_next_time_is_a_new_alert(working: Any, tenant: Tenant, relay: Any) -> None:
    what = finding()
    with working() as tx:
        first = raise_alert(tx, what)
        closed = resolve_alert(tx, what.source, what.key, what.subject, reason="Quiet again.")
        assert closed == first.alert_id
        assert resolve_alert(tx, what.source, what.key, what.subject, reason="Still quiet.") is None
        second = raise_alert(tx, what)
    assert second.opened
    newest, oldest = listed(tenant)
    assert (oldest["status"], oldest["close_reason"]) == ("CLOSED", "Quiet again.")
    assert oldest["closed_at"] is not None
    assert (newest["id"], newest["previous_id"]) == (str(second.alert_id), str(first.alert_id))
    relay(tenant)
    thread = tenant.client.get("/api/thread", params={"ref": what.subject}).json()
    assert [line["type"] for line in thread] == ["alert.created", "alert.closed", "alert.created"]


def test_work_closes_the_alert_it_was_opened_for(working: Any, tenant: Tenant) -> None:
    with working() as tx:
        raised = raise_alert(tx, finding())
        link_work(tx, raised.alert_id, "workorder:1")
    assert listed(tenant)[0]["work_ref"] == "workorder:1"
    with working() as tx:
        assert close_by_work(tx, "workorder:1", reason="Done.") == [raised.alert_id]
        assert close_by_work(tx, "workorder:1", reason="Done.") == []
    assert listed(tenant)[0]["status"] == "CLOSED"


def test_an_alert_is_given_to_whoever_is_on_call(tenant: Tenant) -> None:
    now = datetime.now(UTC)
    for name, hours, active in (("early", 3, True), ("late", 1, True), ("off", 0, False)):
        tenant.post(
            "/api/alert/oncall/shifts",
            **shift_body(target=name, starts_at=(now - timedelta(hours=hours)).isoformat(), is_active=active),
        )
    alert(tenant)
    assert listed(tenant)[0]["target"] == "late"


def test_ack_close_and_silence(tenant: Tenant, relay: Any) -> None:
    alert_id = alert(tenant)
    path = f"{ALERTS}/{alert_id}"
    acked = tenant.client.post(f"{path}:ack", json={"note": "mine", "an_old_field": 1})
    assert (acked.status_code, acked.json()["status"]) == (200, "ACKED")
    assert acked.json()["acked_at"] is not None
    again = tenant.client.post(f"{path}:ack")
    assert again.json() == acked.json()
    silenced = tenant.client.post(f"{path}:silence", json={"minutes": 5}).json()
    assert (silenced["suppressed"], silenced["suppressed_by"]) == (True, "silenced")
    assert tenant.client.post(f"{path}:unsilence").json()["suppressed"] is False
    assert tenant.client.post(f"{path}:silence").json()["suppressed"] is True
    closed = tenant.client.post(f"{path}:close", json={"note": "over"}).json()
    assert (closed["status"], closed["close_reason"], closed["suppressed"]) == ("CLOSED", "over", False)
    for verb in ("ack", "close", "silence", "unsilence"):
        refused = tenant.client.post(f"{path}:{verb}")
        assert (refused.status_code, refused.json()["code"]) == (409, "alert_closed")
    assert event_types(tenant, relay, f"alert:{alert_id}") == [
        "alert.created",
        "alert.acked",
        "alert.silenced",
        "alert.unsilenced",
        "alert.silenced",
        "alert.closed",
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "2199-01-01T00:00:00Z"},
        {"minutes": 0},
        {"until": "tomorrow"},
    ],
)
def test_a_silence_has_an_end_that_is_near(tenant: Tenant, body: dict[str, Any]) -> None:
    answer = tenant.client.post(f"{ALERTS}/{alert(tenant)}:silence", json=body)
    assert answer.status_code == 422


def test_an_answer_to_an_older_version_is_refused(tenant: Tenant) -> None:
    path = f"{ALERTS}/{alert(tenant)}"
    assert tenant.client.post(f"{path}:ack", headers={"If-Match": '"7"'}).status_code == 412
    assert tenant.client.post(f"{path}:ack", headers={"If-Match": '"1"'}).headers["etag"] == '"2"'


def test_filters_and_pages(tenant: Tenant) -> None:
    made = [alert(tenant, key=f"k{n}", severity=Severity.P1 if n % 2 else Severity.P3) for n in range(5)]
    other = alert(tenant, source=Source.EXTERNAL, subject="thing:1")
    tenant.client.post(f"{ALERTS}/{made[0]}:close")
    assert [row["id"] for row in listed(tenant)] == [other, *made[::-1]]
    assert [row["id"] for row in listed(tenant, status="CLOSED")] == [made[0]]
    assert [row["id"] for row in listed(tenant, status="OPEN", severity="P1")] == [made[3], made[1]]
    assert [row["id"] for row in listed(tenant, source="EXTERNAL")] == [other]
    assert [row["id"] for row in listed(tenant, subject="thing:1")] == [other]
    first = tenant.client.get(ALERTS, params={"limit": 4, "status": "OPEN"})
    rest = tenant.client.get(first.links["next"]["url"])
    assert [row["id"] for row in first.json() + rest.json()] == [other, *made[:0:-1]]
    assert tenant.client.get(ALERTS, params={"status": "active"}).status_code == 422


def test_shifts(tenant: Tenant) -> None:
    path = "/api/alert/oncall/shifts"
    made = tenant.post(path, **shift_body(timezone="Asia/Kathmandu", detail={"phone": "1"}, unknown=True))
    assert {"id", "tenant_id", "created_by", "timezone", "is_active"} <= made.keys()
    one = f"{path}/{made['id']}"
    assert tenant.client.get(one).json() == made
    changed = tenant.client.patch(one, json={"target": "bo", "is_active": False})
    assert (changed.status_code, changed.json()["target"], changed.headers["etag"]) == (200, "bo", '"2"')
    assert tenant.client.get(path, params={"is_active": True}).json() == []
    assert len(tenant.client.get(path, params={"at": datetime.now(UTC).isoformat()}).json()) == 1
    for wrong in ({"ends_at": made["starts_at"]}, {"timezone": "Mars/Olympus"}, {"shift_name": " "}):
        assert tenant.client.patch(one, json=wrong).status_code == 422
    assert tenant.client.delete(one).status_code == 204
    assert tenant.client.get(one).status_code == 404
