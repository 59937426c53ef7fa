"""Escalation: steps in time, stopped by an answer, waiting while it is quiet, done once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domains.observability.tell import tell
from app.kernel.jobs.engine import JobContext
from tests.observability.alerts_resources import alert, policy_body, receiver, shift_body
from tests.observability.conftest import Working
from tests.support.server import Server
from tests.support.tenants import Tenant

ALERTS = "/api/observability/alerts"
POLICIES = "/api/observability/escalation-policies"
SENT = "/api/observability/notifications"
SHIFTS = "/api/alert/oncall/shifts"


def steps(receiver_id: str) -> list[dict[str, Any]]:
    return [
        {"after_minutes": 5, "target": {"kind": "shift", "shift_name": "Second"}},
        {"after_minutes": 15, "target": {"kind": "receiver", "receiver_id": receiver_id}},
        {"after_minutes": 30, "target": {"kind": "shift"}},
    ]


@pytest.fixture
def at(working: Working) -> Any:
    """`at(minutes)` tells, so many minutes from the start."""
    start = datetime.now(UTC)

    def run(minutes: int) -> None:
        with working(start + timedelta(minutes=minutes, seconds=30)) as tx:
            tell(tx)

    return run


def target(tenant: Tenant) -> Any:
    return tenant.client.get(ALERTS).json()[0]["target"]


def test_steps_are_done_one_after_another(tenant: Tenant, at: Any, relay: Any) -> None:
    tenant.post(POLICIES, **policy_body(steps=steps(receiver(tenant))))
    tenant.post(SHIFTS, **shift_body(shift_name="First", target="ana"))
    early = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    tenant.post(SHIFTS, **shift_body(shift_name="Second", target="bo", starts_at=early))
    alert_id = alert(tenant)
    seen = []
    for minutes in (0, 4, 6, 16, 31, 60):
        at(minutes)
        seen.append((target(tenant), len(tenant.client.get(SENT).json())))
    assert seen == [("ana", 0), ("ana", 0), ("bo", 0), ("bo", 1), ("ana", 1), ("ana", 1)]
    (sent,) = tenant.client.get(SENT).json()
    assert (sent["reason"], sent["payload"]["alerts"][0]["id"]) == ("escalation", alert_id)
    relay(tenant)
    events = tenant.client.get("/api/events", params={"type": "alert.escalated"}).json()
    assert [(event["payload"]["step"], event["payload"]["kind"]) for event in events] == [
        (0, "shift"),
        (1, "receiver"),
        (2, "shift"),
    ]


@pytest.mark.parametrize("verb", ["ack", "close"])
def test_an_answer_stops_it(tenant: Tenant, at: Any, verb: str) -> None:
    tenant.post(POLICIES, **policy_body(steps=steps(receiver(tenant))[1:2]))
    alert_id = alert(tenant)
    at(0)
    tenant.client.post(f"{ALERTS}/{alert_id}:{verb}")
    at(20)
    assert tenant.client.get(SENT).json() == []


def test_it_waits_while_the_alert_is_quiet(tenant: Tenant, at: Any) -> None:
    tenant.post(POLICIES, **policy_body(steps=steps(receiver(tenant))[1:2]))
    alert_id = alert(tenant)
    tenant.client.post(f"{ALERTS}/{alert_id}:silence", json={"minutes": 40})
    for minutes in (0, 20):
        at(minutes)
    assert tenant.client.get(SENT).json() == []
    at(41)
    assert len(tenant.client.get(SENT).json()) == 1


def test_a_step_is_done_once_by_however_many(tenant: Tenant, at: Any, server: Server) -> None:
    tenant.post(POLICIES, **policy_body(steps=[dict(steps(receiver(tenant))[1], after_minutes=0)]))
    alert(tenant)
    context = JobContext(server.database, tenant.id, "test", "test")
    with ThreadPoolExecutor(8) as hands:
        for each in [hands.submit(context.write, tell) for _ in range(8)]:
            each.result()
    at(1)
    assert len(tenant.client.get(SENT).json()) == 1


def test_the_first_policy_by_name_that_fits_holds(tenant: Tenant, at: Any) -> None:
    one, two = receiver(tenant), receiver(tenant)
    for name, to, key in (("A", one, "x"), ("B", two, "k.*"), ("C", one, ".*")):
        step = {"after_minutes": 0, "target": {"kind": "receiver", "receiver_id": to}}
        matcher = {"name": "key", "op": "=~", "value": key}
        tenant.post(POLICIES, name=name, matchers=[matcher], steps=[step])
    alert(tenant, key="k1")
    at(1)
    assert [sent["receiver_id"] for sent in tenant.client.get(SENT).json()] == [two]


def test_keeping_policies(tenant: Tenant, rival: Tenant, at: Any) -> None:
    made = tenant.post(POLICIES, **policy_body(name="P"))
    one = f"{POLICIES}/{made['id']}"
    foreign = {
        "steps": [{"after_minutes": 1, "target": {"kind": "receiver", "receiver_id": receiver(rival)}}]
    }
    assert tenant.client.patch(one, json=foreign).status_code == 404
    assert tenant.client.post(POLICIES, json=policy_body(**foreign)).status_code == 404
    assert tenant.client.post(POLICIES, json=policy_body(name="P")).status_code == 409
    assert tenant.client.post(POLICIES, json=policy_body(steps=[])).status_code == 422
    changed = tenant.client.patch(one, json={"is_active": False, "steps": steps(receiver(tenant))})
    assert (len(changed.json()["steps"]), changed.json()["is_active"]) == (3, False)
    assert tenant.client.get(POLICIES).json() == [changed.json()]
    assert tenant.client.delete(one).status_code == 204
    assert tenant.client.get(one).status_code == 404
