"""Who is told what, when, and how often: grouping, repeats, deliveries, and the three kinds of receiver."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import UUID

import psycopg
import pytest
from aiosmtpd.controller import Controller

from app.domains.observability import Severity, raise_alert
from app.domains.observability.notify import outbox
from app.domains.observability.notify.outbox import ATTEMPTS, DELIVER, pause_after
from app.domains.observability.tell import TELL, tell
from app.kernel.jobs.engine import JobContext
from app.platform.webhooks.config import configure
from tests.observability.alerts_resources import alert, finding, receiver_body, route
from tests.observability.conftest import Working
from tests.observability.jobs import run_queued
from tests.support.server import Server, settings_for
from tests.support.tenants import Tenant
from tests.webhooks.receiver import Receiver, status

ALERTS = "/api/observability/alerts"
RECEIVERS = "/api/observability/receivers"
ROUTES = "/api/observability/notification-routes"
SENT = "/api/observability/notifications"
QUICK = {"group_wait_seconds": 0, "group_interval_seconds": 60, "repeat_interval_seconds": 3600}


@pytest.fixture(autouse=True)
def _configured(server: Server) -> None:
    configure(server.settings)


def make_receiver(tenant: Tenant, **target: Any) -> dict[str, Any]:
    return tenant.post(RECEIVERS, **receiver_body(**target))


def sent(tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    """Notifications, oldest first."""
    found: list[dict[str, Any]] = tenant.client.get(SENT, params=query).json()
    return found[::-1]


def titles(notification: dict[str, Any]) -> list[tuple[str, str]]:
    return [(alert["title"], alert["status"]) for alert in notification["payload"]["alerts"]]


class Clock:
    """`clock(minutes)` runs the job that tells, so many minutes from the start."""

    def __init__(self, working: Working) -> None:
        self.working, self.start = working, datetime.now(UTC)

    def __call__(self, minutes: float = 0) -> None:
        with self.working(self.start + timedelta(minutes=minutes, seconds=1)) as tx:
            tell(tx)


@pytest.fixture
def clock(working: Working) -> Clock:
    return Clock(working)


def test_a_group_waits_then_tells_once_then_of_what_is_new(tenant: Tenant, clock: Clock) -> None:
    route(tenant, group_wait_seconds=120, group_interval_seconds=300, group_by=["room"])
    first = alert(tenant, title="one", labels={"room": "a"})
    clock(0)
    alert(tenant, title="two", labels={"room": "a"})
    alert(tenant, title="other", labels={"room": "b"})
    clock(1)
    assert sent(tenant) == []
    clock(4)
    assert [titles(each) for each in sent(tenant)] == [
        [("one", "OPEN"), ("two", "OPEN")],
        [("other", "OPEN")],
    ]
    assert sent(tenant)[0]["payload"]["group_labels"] == {"room": "a"}
    clock(5)
    clock(20)
    assert len(sent(tenant)) == 2
    alert(tenant, title="three", labels={"room": "a"})
    tenant.client.post(f"{ALERTS}/{first}:close")
    clock(21)
    assert titles(sent(tenant)[-1]) == [("two", "OPEN"), ("three", "OPEN"), ("one", "CLOSED")]
    alert(tenant, title="four", labels={"room": "a"})
    clock(22)
    assert len(sent(tenant)) == 3
    clock(27)
    assert titles(sent(tenant)[-1]) == [("two", "OPEN"), ("three", "OPEN"), ("four", "OPEN")]


def test_repeats_until_somebody_takes_it_on(tenant: Tenant, clock: Clock) -> None:
    route(tenant, **QUICK)
    alert_id = alert(tenant)
    for minutes in (0, 30, 61, 90, 122):
        clock(minutes)
    assert len(sent(tenant)) == 3
    tenant.client.post(f"{ALERTS}/{alert_id}:ack")
    for minutes in (183, 244):
        clock(minutes)
    assert len(sent(tenant)) == 3
    tenant.client.post(f"{ALERTS}/{alert_id}:close")
    clock(245)
    assert sent(tenant)[-1]["payload"]["status"] == "resolved"
    clock(400)
    assert len(sent(tenant)) == 4


def test_a_silenced_alert_is_told_of_when_the_silence_ends(tenant: Tenant, clock: Clock) -> None:
    route(tenant, **QUICK)
    alert_id = alert(tenant)
    tenant.client.post(f"{ALERTS}/{alert_id}:silence", json={"minutes": 30})
    clock(0)
    clock(20)
    assert sent(tenant) == []
    clock(31)
    assert [titles(each) for each in sent(tenant)] == [[("A thing broke", "OPEN")]]


def test_what_closes_before_it_was_told_of_is_never_told(tenant: Tenant, clock: Clock) -> None:
    route(tenant, group_wait_seconds=60)
    alert_id = alert(tenant)
    clock(0)
    tenant.client.post(f"{ALERTS}/{alert_id}:close")
    clock(5)
    assert sent(tenant) == []


def test_another_severity_is_told(tenant: Tenant, working: Working, clock: Clock) -> None:
    route(tenant, **QUICK)
    alert(tenant, subject="thing:1")
    clock(0)
    alert(tenant, subject="thing:1", severity=Severity.P1)
    clock(2)
    assert [each["payload"]["alerts"][0]["severity"] for each in sent(tenant)] == ["P2", "P1"]


def test_the_first_route_that_fits_ends_the_search(tenant: Tenant, clock: Clock) -> None:
    def to(name: str, position: int, *matchers: tuple[str, str, str], **more: Any) -> str:
        made = make_receiver(tenant)["id"]
        wanted = [dict(zip(("name", "op", "value"), m, strict=True)) for m in matchers]
        route(tenant, receiver_id=made, position=position, matchers=wanted, **QUICK, **more)
        return str(made)

    every = to("every", 1, ("severity", "=~", "P1|P2"), goes_on=True)
    team = to("team", 2, ("team", "=", "db"), ("room", "!=", "lab"))
    rest = to("rest", 3, ("key", "!~", "test.b.*"), goes_on=False)
    alert(tenant, key="one", labels={"team": "db"})
    alert(tenant, key="two", labels={"team": "db", "room": "lab"})
    alert(tenant, key="test.broken", severity=Severity.P3)
    clock(0)
    found = {(each["receiver_id"], each["payload"]["alerts"][0]["key"]) for each in sent(tenant)}
    assert found == {(every, "one"), (every, "two"), (team, "one"), (rest, "two")}


def test_tellers_at_once_tell_once(server: Server, tenant: Tenant) -> None:
    route(tenant, **QUICK)
    for number in range(5):
        alert(tenant, key=f"k{number}")
    context = JobContext(server.database, tenant.id, "test", "test")
    with ThreadPoolExecutor(8) as hands:
        for each in [hands.submit(context.write, tell) for _ in range(8)]:
            each.result()
    context.write(tell)
    assert len(sent(tenant)) == 5


def test_a_webhook_is_signed_and_queued_by_the_relay(tenant: Tenant, relay: Any) -> None:
    with Receiver() as receiver:
        made = make_receiver(tenant, kind="webhook", url=f"{receiver.url}/in")
        assert "secret" not in tenant.client.get(f"{RECEIVERS}/{made['id']}").json()
        route(tenant, receiver_id=made["id"], **QUICK)
        alert_id = alert(tenant, value=2.5)
        relay(tenant)
        assert run_queued(tenant, TELL, DELIVER) >= 2
        (got,) = receiver.received
    body = got.verified(str(made["secret"]))
    assert (body["status"], body["alerts"][0]["id"], body["alerts"][0]["value"]) == ("firing", alert_id, 2.5)
    (row,) = sent(tenant, status="DELIVERED")
    assert (row["attempts"], row["last_status_code"], row["reason"]) == (1, 204, "group")


def test_alertmanagers_payload(tenant: Tenant, clock: Clock) -> None:
    with Receiver() as receiver:
        made = make_receiver(tenant, kind="alertmanager", url=receiver.url, bearer_token="sesame")
        assert "sesame" not in json.dumps(made)
        route(tenant, receiver_id=made["id"], group_by=["source"], **QUICK)
        for title in ("one", "two"):
            alert(tenant, key=title, title=title, labels={"team": "db"}, runbook_url="https://r/1")
        clock(0)
        run_queued(tenant, DELIVER)
        (got,) = receiver.received
    assert {name.lower(): value for name, value in got.headers.items()}["authorization"] == "Bearer sesame"
    body = json.loads(got.body)
    assert (body["version"], body["status"], body["receiver"]) == ("4", "firing", made["name"])
    assert body["groupLabels"] == {"source": "PLATFORM"}
    assert body["commonLabels"] == {"team": "db", "severity": "error", "source": "PLATFORM"}
    one = body["alerts"][0]
    assert (one["status"], one["labels"]["alertname"], one["endsAt"]) == (
        "firing",
        "one",
        "0001-01-01T00:00:00Z",
    )
    # What we send, we take: the two sides of the webhook agree.
    taken = tenant.client.post("/api/observability/alertmanager", json=body)
    assert taken.json()["opened_count"] == 2


def test_retries_then_gives_up_and_can_begin_again(
    tenant: Tenant, raw: psycopg.Connection, relay: Any
) -> None:
    with Receiver(answer=status(500)) as receiver:
        made = make_receiver(tenant, kind="webhook", url=receiver.url)
        answer = tenant.client.post(f"{RECEIVERS}/{made['id']}:test")
        far = datetime.now(UTC) + timedelta(days=2)
        assert run_queued(tenant, DELIVER, by=far) == ATTEMPTS
        assert len(receiver.received) == ATTEMPTS
        assert len({each.headers["webhook-id"] for each in receiver.received}) == 1
        (row,) = sent(tenant)
        assert (row["status"], row["attempts"], row["last_error"]) == ("DEAD", ATTEMPTS, "answered 500")
        relay(tenant)
        dead = tenant.client.get("/api/events", params={"type": "notification.dead"}).json()
        assert [event["payload"]["receiver_id"] for event in dead] == [made["id"]]
        receiver.answer = status(200)
        path = f"{SENT}/{answer.json()['id']}"
        assert tenant.client.post(f"{path}:redeliver").json()["status"] == "PENDING"
        assert run_queued(tenant, DELIVER) == 1
        assert tenant.client.get(path).json()["status"] == "DELIVERED"


def test_pauses_grow_and_are_capped() -> None:
    pauses = [pause_after(n, 0.5) for n in range(1, ATTEMPTS + 1)]
    assert pauses[-1] is None
    seconds = [p.total_seconds() for p in pauses[:-1] if p is not None]
    assert seconds == [10, 40, 160, 640, 2560, 3600, 3600]
    assert pause_after(1, 0.0) == timedelta(seconds=8)


def test_one_bad_receiver_does_not_disturb_a_good_one(tenant: Tenant, clock: Clock) -> None:
    with Receiver() as good, Receiver(answer=status(503)) as bad:
        for position, each in enumerate((bad, good)):
            made = make_receiver(tenant, kind="webhook", url=each.url)
            route(tenant, receiver_id=made["id"], position=position, goes_on=True, **QUICK)
        alert(tenant)
        clock(0)
        run_queued(tenant, DELIVER, by=datetime.now(UTC) + timedelta(days=2))
        assert (len(good.received), len(bad.received)) == (1, ATTEMPTS)


def test_a_lost_job_is_queued_again(tenant: Tenant, raw: psycopg.Connection, clock: Clock) -> None:
    with Receiver() as receiver:
        made = make_receiver(tenant, kind="webhook", url=receiver.url)
        tenant.client.post(f"{RECEIVERS}/{made['id']}:test")
        raw.execute(
            "DELETE FROM jobs.procrastinate_jobs WHERE args ->> 'tenant_id' = %s AND task_name = %s",
            (str(tenant.id), DELIVER.name),
        )
        clock(4)
        assert run_queued(tenant, DELIVER) == 0
        clock(6)
        assert run_queued(tenant, DELIVER) == 1
        assert len(receiver.received) == 1


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@pytest.fixture
def mailbox(server: Server) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        changes = {"smtp_url": f"smtp://127.0.0.1:{port}", "smtp_from": "alerts@example.com"}
        configure(settings_for(server.urls, **changes))
        yield box
    finally:
        controller.stop()
        configure(server.settings)


def test_email(tenant: Tenant, clock: Clock, mailbox: Mailbox) -> None:
    made = make_receiver(tenant, kind="email", to=["ana@example.com", "bo@example.com"])
    route(tenant, receiver_id=made["id"], group_by=[], **QUICK)
    alert(tenant, key="a", title="Rotor\r\nBcc: eve@example.com", runbook_url="https://r/1")
    alert(tenant, key="b")
    clock(0)
    run_queued(tenant, DELIVER)
    ((to, mail),) = mailbox.mails
    assert to == ["ana@example.com", "bo@example.com"]
    assert mail["Subject"] == "[FIRING] Rotor Bcc: eve@example.com (+1 more)"
    assert (mail["From"], mail["Bcc"]) == ("alerts@example.com", None)
    assert "Runbook: https://r/1" in mail.get_content()
    assert sent(tenant)[0]["status"] == "DELIVERED"


def test_email_without_a_mail_server_is_given_up_at_once(tenant: Tenant) -> None:
    made = make_receiver(tenant, kind="email", to=["ana@example.com"])
    tenant.client.post(f"{RECEIVERS}/{made['id']}:test")
    assert run_queued(tenant, DELIVER) == 1
    (row,) = sent(tenant)
    assert (row["status"], row["last_error"][:41]) == ("DEAD", "this installation has no mail server (HAN")


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "webhook", "url": "ftp://example.com"},
        {"kind": "webhook", "url": "https://user:pw@example.com"},
        {"kind": "email", "to": []},
        {"kind": "email", "to": ["a@b\r\nBcc: c@d"]},
        {"kind": "sms"},
    ],
)
def test_targets_we_would_not_tell(tenant: Tenant, target: dict[str, Any]) -> None:
    assert tenant.client.post(RECEIVERS, json=receiver_body(**target)).status_code == 422


@pytest.mark.parametrize(
    "matcher",
    [
        {"name": "key", "op": "=~", "value": "("},
        {"name": "key", "op": "=~", "value": "(a+)+b"},
        {"name": "key", "op": "=~", "value": "a*b*c*"},
        {"name": "key", "op": "==", "value": "a"},
    ],
)
def test_matchers_that_are_refused(tenant: Tenant, matcher: dict[str, str]) -> None:
    answer = tenant.client.post(
        ROUTES, json={"receiver_id": make_receiver(tenant)["id"], "matchers": [matcher]}
    )
    assert answer.status_code == 422


def test_keeping_receivers_and_routes(tenant: Tenant) -> None:
    made = make_receiver(tenant)
    route_id = route(tenant, receiver_id=made["id"])
    one = f"{RECEIVERS}/{made['id']}"
    assert tenant.client.delete(one).json()["code"] == "receiver_in_use"
    assert tenant.client.patch(one, json={"target": {"kind": "email", "to": ["a@b"]}}).status_code == 422
    changed = tenant.client.patch(one, json={"name": "New", "is_active": False})
    assert (changed.json()["name"], changed.headers["etag"]) == ("New", '"2"')
    assert tenant.client.post(RECEIVERS, json=receiver_body() | {"name": "New"}).status_code == 409
    moved = tenant.client.patch(f"{ROUTES}/{route_id}", json={"position": 5, "send_resolved": False})
    assert (moved.json()["position"], moved.json()["send_resolved"]) == (5, False)
    assert tenant.client.get(ROUTES).json() == [moved.json()]
    answer = tenant.client.post(f"{one}:test")
    assert run_queued(tenant, DELIVER) == 1
    assert tenant.client.get(f"{SENT}/{answer.json()['id']}").json()["status"] == "DEAD"
    assert tenant.client.delete(f"{ROUTES}/{route_id}").status_code == 204
    assert tenant.client.delete(one).status_code == 204
    assert sent(tenant) == []


def test_an_attempt_that_was_recorded_is_not_made_again(tenant: Tenant, server: Server) -> None:
    with Receiver() as receiver:
        made = make_receiver(tenant, kind="webhook", url=receiver.url)
        delivery = tenant.client.post(f"{RECEIVERS}/{made['id']}:test").json()["id"]
        context = JobContext(server.database, tenant.id, "test", "test")
        for _ in range(2):
            outbox.deliver(context, delivery_id=delivery, attempt=0)
        assert len(receiver.received) == 1
        assert UUID(delivery)


def test_raising_costs_no_notification_where_nobody_listens(working: Working, tenant: Tenant) -> None:
    with working() as tx:
        raise_alert(tx, finding())
        tell(tx)
    assert sent(tenant) == []
