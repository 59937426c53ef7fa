"""From an event to a verified message at a receiver of its own."""

from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from app.kernel.obs.metrics import WEBHOOK_DELIVERIES
from app.platform.webhooks.fan_out import FEW
from tests.support.tenants import PASSWORD, Tenant
from tests.webhooks.courier import Courier
from tests.webhooks.receiver import Receiver, status

Make = Callable[..., dict[str, Any]]
Read = Callable[..., list[dict[str, Any]]]
Relay = Callable[[Tenant], int]


def _new_user(tenant: Tenant, name: str = "pilot") -> dict[str, Any]:
    return tenant.post("/api/identity/users", username=name, password=PASSWORD)


def test_an_event_arrives_signed_with_its_envelope(
    tenant: Tenant, receiver: Receiver, webhook: Make, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    made = webhook(event_types=["identity.user.*"])
    user = _new_user(tenant)
    relay(tenant)
    before = WEBHOOK_DELIVERIES.labels("delivered")._value.get()
    assert courier.run_all() == 1

    (message,) = receiver.received
    envelope = message.verified(made["secret"])
    assert (envelope["type"], envelope["subject"]) == ("identity.user.created", f"user:{user['id']}")
    assert envelope["seq"] > 0
    (delivery,) = deliveries(made["id"])
    assert (delivery["status"], delivery["attempts"], delivery["last_status_code"]) == ("DELIVERED", 1, 204)
    assert delivery["message_id"] == message.headers["webhook-id"]
    assert delivery["event_id"] == envelope["id"]
    assert WEBHOOK_DELIVERIES.labels("delivered")._value.get() == before + 1


def test_a_changed_body_does_not_verify(
    tenant: Tenant, receiver: Receiver, webhook: Make, relay: Relay, courier: Courier
) -> None:
    secret = webhook(event_types=["identity.user.*"])["secret"]
    _new_user(tenant)
    relay(tenant)
    courier.run_all()
    message = receiver.received[0]
    message.body += b" "
    with pytest.raises(WebhookVerificationError):
        message.verified(secret)


def test_only_matching_events_are_sent(
    tenant: Tenant, receiver: Receiver, webhook: Make, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    relay(tenant)
    other = webhook(event_types=["asset.*"])
    exact = webhook(event_types=["identity.user.created"])
    off = webhook(is_active=False)
    _new_user(tenant)
    relay(tenant)
    courier.run_all()
    assert deliveries(other["id"]) == []
    assert deliveries(off["id"]) == []
    assert [row["event_type"] for row in deliveries(exact["id"])] == ["identity.user.created"]


def test_an_endpoint_gets_only_what_its_owner_may_read(
    tenant: Tenant, receiver: Receiver, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    body = {"url": receiver.url, "event_types": ["*"]}
    reader = tenant.as_user("webhooks.write", "identity.read").post("/api/webhooks", json=body).json()
    blind = tenant.as_user("webhooks.write").post("/api/webhooks", json=body).json()
    relay(tenant)
    _new_user(tenant)
    relay(tenant)
    assert "identity.user.created" in {row["event_type"] for row in deliveries(reader["id"])}
    assert {row["event_type"].split(".")[0] for row in deliveries(blind["id"])} == {"webhook"}


def test_a_disabled_owner_gets_nothing_more(
    tenant: Tenant, receiver: Receiver, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    owner = tenant.as_user("webhooks.write", "identity.read")
    user_id = owner.get("/api/identity/me").json()["principal"]["user_id"]
    relay(tenant)
    made = owner.post(
        "/api/webhooks", json={"url": receiver.url, "event_types": ["identity.user.created"]}
    ).json()
    _new_user(tenant, "before")
    relay(tenant)
    disabled = tenant.client.patch(f"/api/identity/users/{user_id}", json={"is_active": False})
    assert disabled.status_code == 200, disabled.text
    _new_user(tenant, "after")
    relay(tenant)
    courier.run_all()
    (queued,) = deliveries(made["id"])
    assert receiver.received == []
    assert (queued["status"], queued["last_error"]) == (
        "DEAD",
        "the endpoint's owner may not read this event",
    )


def test_changing_the_url_makes_the_caller_the_owner(
    tenant: Tenant, receiver: Receiver, webhook: Make, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    made = webhook(event_types=["identity.user.created"])
    _new_user(tenant)
    relay(tenant)
    narrow = tenant.as_user("webhooks.write")
    moved = narrow.patch(f"/api/webhooks/{made['id']}", json={"url": receiver.url + "/mine"}).json()
    assert moved["owner"] != made["owner"]
    courier.run_all()
    assert receiver.received == []
    assert deliveries(made["id"], status="DELIVERED") == []


def test_a_test_event_goes_to_this_endpoint_whatever_its_patterns(
    tenant: Tenant, receiver: Receiver, webhook: Make, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    made, other = webhook(event_types=["asset.*"]), webhook(event_types=["*"])
    relay(tenant)
    courier.run_all()
    receiver.received.clear()
    answer = tenant.client.post(f"/api/webhooks/{made['id']}:test")
    assert answer.status_code == 202
    relay(tenant)
    courier.run_all()
    (message,) = receiver.received
    assert message.verified(made["secret"])["type"] == "webhook.tested"
    (delivery,) = deliveries(made["id"], event_id=answer.json()["event_id"])
    assert delivery["status"] == "DELIVERED"
    assert deliveries(other["id"], event_type="webhook.tested") == []


def test_an_inactive_endpoint_is_not_tested(tenant: Tenant, webhook: Make) -> None:
    made = webhook(is_active=False)
    answer = tenant.client.post(f"/api/webhooks/{made['id']}:test")
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_inactive")


def test_during_a_rotation_both_secrets_verify_and_afterwards_only_the_new_one(
    tenant: Tenant, receiver: Receiver, webhook: Make, relay: Relay, courier: Courier
) -> None:
    made = webhook(event_types=["asset.*"])
    path = f"/api/webhooks/{made['id']}"

    def tested() -> Any:
        tenant.client.post(f"{path}:test")
        relay(tenant)
        courier.run_all()
        return receiver.received[-1]

    rotated = tenant.post(f"{path}:rotate-secret", keep_previous_seconds=3600)["secret"]
    message = tested()
    assert message.verified(made["secret"]) == message.verified(rotated)

    last = tenant.post(f"{path}:rotate-secret", keep_previous_seconds=0)["secret"]
    message = tested()
    assert message.verified(last)["type"] == "webhook.tested"
    for ended in (made["secret"], rotated):
        with pytest.raises(WebhookVerificationError):
            message.verified(ended)


def test_events_about_deliveries_never_travel_by_webhook(
    tenant: Tenant, receiver: Receiver, webhook: Make, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    receiver.answer = lambda handler: status(410 if handler.path == "/gone" else 204)(handler)
    gone = webhook(event_types=["asset.*"], url=receiver.url.replace("/hook", "/gone"))
    watcher = webhook()
    tenant.client.post(f"/api/webhooks/{gone['id']}:test")
    relay(tenant)
    courier.run_all()
    assert deliveries(gone["id"])[0]["status"] == "DEAD"
    relay(tenant)
    seen = {row["event_type"] for row in deliveries(watcher["id"])}
    assert "webhook.disabled" in seen
    assert "webhook.delivery.dead" not in seen


def test_many_deliveries_are_queued_by_a_job_each_exactly_once(
    tenant: Tenant,
    receiver: Receiver,
    webhook: Make,
    deliveries: Read,
    relay: Relay,
    courier: Courier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.platform.webhooks.fan_out._CHUNK", 10)
    made = webhook(event_types=["identity.role.created"])
    for number in range(FEW + 5):
        tenant.post("/api/identity/roles", name=f"role-{number}", permissions=[])
    relay(tenant)
    waiting = deliveries(made["id"], status="PENDING")
    assert len(waiting) == FEW + 5
    courier.fan_out()
    assert {job["args"]["delivery_id"] for job in courier.jobs()} == {row["id"] for row in waiting}
    assert len(courier.jobs()) == FEW + 5
    courier.run_all()
    assert len(receiver.received) == FEW + 5
    assert deliveries(made["id"], status="PENDING") == []


def test_one_attempt_that_runs_twice_counts_once(
    tenant: Tenant, receiver: Receiver, webhook: Make, deliveries: Read, relay: Relay, courier: Courier
) -> None:
    made = webhook(event_types=["identity.user.created"])
    receiver.answer = status(500)
    _new_user(tenant)
    relay(tenant)
    args = courier.run_next()
    courier.perform(delivery_id=args["delivery_id"], attempt=args["attempt"])
    (delivery,) = deliveries(made["id"])
    assert delivery["attempts"] == 1
    assert len(receiver.received) == 1
    assert len(courier.jobs()) == 1
