"""The schedule, the dead letters and their replay, 410, and the end of an endpoint that never answers well."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.platform.webhooks.replay import OVERDUE_AFTER, sweep
from app.platform.webhooks.schedule import DISABLE_AFTER, JITTER, RETRY_DELAYS, delay_before
from tests.support.server import Server
from tests.support.tenants import Tenant
from tests.webhooks.courier import ClockedContext, Courier
from tests.webhooks.receiver import Receiver, status

Make = Callable[..., dict[str, Any]]
Read = Callable[..., list[dict[str, Any]]]
Relay = Callable[[Tenant], int]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_schedule_is_the_specifications_and_ends() -> None:
    seconds = [0, 5, 300, 1800, 7200, 18000, 36000, 36000]
    assert [delay_before(step, 0.5) for step in range(8)] == [timedelta(seconds=s) for s in seconds]
    assert delay_before(8, 0.5) is None


def test_jitter_spreads_by_a_fifth_either_way() -> None:
    assert delay_before(2, 0.0) == timedelta(seconds=240)
    assert delay_before(2, 1.0) == timedelta(seconds=360)


def _tested(tenant: Tenant, made: dict[str, Any], relay: Relay) -> None:
    answer = tenant.client.post(f"/api/webhooks/{made['id']}:test")
    assert answer.status_code == 202, answer.text
    relay(tenant)


def test_a_failing_delivery_follows_the_schedule_then_dies_and_can_be_replayed(
    tenant: Tenant, receiver: Receiver, webhook: Make, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    made = webhook(event_types=["asset.*"])
    receiver.answer = status(503)
    _tested(tenant, made, relay)
    time = datetime.now(UTC)
    courier.clock = lambda: time
    for step, planned in enumerate(RETRY_DELAYS[1:], 1):
        courier.run_next()
        (delivery,) = deliveries(made["id"])
        assert (delivery["status"], delivery["attempts"]) == ("PENDING", step)
        pause = _instant(delivery["next_attempt_at"]) - time
        assert planned * (1 - JITTER) <= pause <= planned * (1 + JITTER)
        (job,) = courier.jobs()
        assert job["args"]["attempt"] == step
        assert job["scheduled_at"] is not None
        time = _instant(delivery["next_attempt_at"])
    courier.run_next()

    (delivery,) = deliveries(made["id"])
    assert (delivery["status"], delivery["attempts"]) == ("DEAD", len(RETRY_DELAYS))
    assert courier.jobs() == []
    assert len({message.headers["webhook-id"] for message in receiver.received}) == 1
    path = f"/api/webhooks/{made['id']}/deliveries/{delivery['id']}"
    log = tenant.client.get(path).json()["attempt_log"]
    assert [attempt["number"] for attempt in log] == list(range(1, 9))
    assert {attempt["status_code"] for attempt in log} == {503}

    receiver.answer = status(200)
    answer = tenant.client.post(f"{path}:redeliver")
    assert (answer.status_code, answer.json()["status"]) == (202, "PENDING")
    assert tenant.client.post(f"{path}:redeliver").json()["code"] == "webhook_delivery_pending"
    courier.run_next()
    assert tenant.client.get(path).json()["status"] == "DELIVERED"
    assert receiver.received[-1].headers["webhook-id"] == receiver.received[0].headers["webhook-id"]
    assert receiver.received[-1].verified(made["secret"])["type"] == "webhook.tested"


def test_a_dead_delivery_is_an_event(
    server: Server,
    tenant: Tenant,
    receiver: Receiver,
    webhook: Make,
    relay: Relay,
    courier: Courier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.platform.webhooks.schedule.RETRY_DELAYS", (timedelta(0),))
    receiver.answer = status(500)
    _tested(tenant, webhook(event_types=["asset.*"]), relay)
    courier.run_all()
    with server.database.connect() as conn, conn.begin():
        conn.exec_driver_sql(f"SELECT set_config('app.tenant_id', '{tenant.id}', true)")
        rows = conn.exec_driver_sql("SELECT payload FROM event WHERE type = 'webhook.delivery.dead'").all()
    assert [(row.payload["attempts"], row.payload["error"]) for row in rows] == [(1, "answered 500")]


def test_all_dead_deliveries_are_replayed_in_one_call(
    tenant: Tenant,
    receiver: Receiver,
    webhook: Make,
    deliveries: Read,
    relay: Relay,
    courier: Courier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = webhook(event_types=["asset.*"])
    with monkeypatch.context() as short:
        short.setattr("app.platform.webhooks.schedule.RETRY_DELAYS", (timedelta(0),))
        receiver.answer = status(500)
        for _ in range(3):
            _tested(tenant, made, relay)
        courier.run_all()
    assert len(deliveries(made["id"], status="DEAD")) == 3
    receiver.answer = status(200)
    answer = tenant.client.post(f"/api/webhooks/{made['id']}:redeliver")
    assert answer.json() == {"requeued": 3, "remaining": 0}
    courier.run_all()
    assert len(deliveries(made["id"], status="DELIVERED")) == 3


def test_410_switches_the_endpoint_off(
    tenant: Tenant, receiver: Receiver, webhook: Make, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    made = webhook(event_types=["asset.*"])
    receiver.answer = status(410)
    _tested(tenant, made, relay)
    assert courier.run_all() == 1
    path = f"/api/webhooks/{made['id']}"
    off = tenant.client.get(path).json()
    assert (off["is_active"], off["disabled_reason"]) == (False, "GONE")
    assert deliveries(made["id"])[0]["status"] == "DEAD"
    assert tenant.client.post(f"{path}:redeliver").json()["code"] == "webhook_inactive"
    on = tenant.client.patch(path, json={"is_active": True}).json()
    assert (on["is_active"], on["disabled_reason"], on["failing_since"]) == (True, None, None)


def test_five_days_of_only_failures_switch_the_endpoint_off(
    tenant: Tenant, receiver: Receiver, webhook: Make, relay: Relay, courier: Courier
) -> None:
    made = webhook(event_types=["asset.*"])
    path = f"/api/webhooks/{made['id']}"
    start = time = datetime.now(UTC)
    courier.clock = lambda: time
    receiver.answer = status(500)
    _tested(tenant, made, relay)
    courier.run_next()
    assert _instant(tenant.client.get(path).json()["failing_since"]) == start
    time = start + DISABLE_AFTER - timedelta(seconds=1)
    courier.run_next()
    assert tenant.client.get(path).json()["is_active"] is True
    time = start + DISABLE_AFTER
    courier.run_next()
    off = tenant.client.get(path).json()
    assert (off["is_active"], off["disabled_reason"]) == (False, "FAILING")


def test_one_success_starts_the_five_days_anew(
    tenant: Tenant, receiver: Receiver, webhook: Make, relay: Relay, courier: Courier
) -> None:
    made = webhook(event_types=["asset.*"])
    receiver.answer = status(500)
    _tested(tenant, made, relay)
    courier.run_next()
    receiver.answer = status(200)
    courier.run_next()
    assert tenant.client.get(f"/api/webhooks/{made['id']}").json()["failing_since"] is None


def test_a_delivery_whose_job_was_lost_is_queued_again(
    server: Server,
    tenant: Tenant,
    receiver: Receiver,
    webhook: Make,
    deliveries: Read,
    relay: Relay,
    courier: Courier,
) -> None:
    made = webhook(event_types=["asset.*"])
    _tested(tenant, made, relay)
    receiver.answer = status(500)
    courier.run_next()
    lost = courier.jobs()[0]["args"]
    courier.discard_all()
    due = _instant(deliveries(made["id"])[0]["next_attempt_at"])
    context = ClockedContext(
        server.database, tenant.id, "webhooks.sweep", "tick", lambda: due + OVERDUE_AFTER
    )
    context.write(sweep)
    assert courier.jobs() == []
    context = ClockedContext(
        server.database,
        tenant.id,
        "webhooks.sweep",
        "tick",
        lambda: due + OVERDUE_AFTER + timedelta(seconds=1),
    )
    context.write(sweep)
    context.write(sweep)
    (job,) = courier.jobs()
    assert job["args"] == lost
    receiver.answer = status(200)
    courier.run_next()
    assert deliveries(made["id"])[0]["status"] == "DELIVERED"
