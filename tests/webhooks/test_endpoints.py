"""`/api/webhooks`: what can be said about an endpoint, and that its secret is said once."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.server import Server
from tests.support.tenants import Tenant

Make = Callable[..., dict[str, Any]]


def test_an_endpoint_is_created_read_changed_and_deleted(tenant: Tenant, webhook: Make) -> None:
    made = webhook(event_types=["identity.*"], description="ERP")
    path = f"/api/webhooks/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert made["owner"] == f"user:{tenant.admin_id}"
    assert tenant.client.get(path).json() == {name: value for name, value in made.items() if name != "secret"}

    changed = tenant.client.patch(path, json={"description": "New ERP"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    assert (changed.json()["description"], changed.json()["version"]) == ("New ERP", 2)
    assert (
        tenant.client.patch(path, json={"is_active": False}, headers={"If-Match": '"1"'}).status_code == 412
    )

    assert tenant.client.delete(path).status_code == 204
    assert tenant.client.get(path).json()["code"] == "webhook_not_found"


def test_a_patch_that_changes_nothing_keeps_the_version(tenant: Tenant, webhook: Make) -> None:
    made = webhook()
    answer = tenant.client.patch(f"/api/webhooks/{made['id']}", json={"url": made["url"]})
    assert answer.json()["version"] == 1


def test_sending_the_url_again_takes_the_endpoint_over(tenant: Tenant, webhook: Make) -> None:
    made = webhook()
    other = tenant.as_user("webhooks.write")
    me = other.get("/api/identity/me").json()["principal"]["user_id"]
    kept = other.patch(f"/api/webhooks/{made['id']}", json={"description": "seen"}).json()
    assert kept["owner"] == made["owner"]
    taken = other.patch(f"/api/webhooks/{made['id']}", json={"url": made["url"]}).json()
    assert (taken["owner"], taken["version"]) == (f"user:{me}", 3)


def test_no_answer_after_the_first_holds_the_secret(tenant: Tenant, webhook: Make) -> None:
    made = webhook()
    path = f"/api/webhooks/{made['id']}"
    answers = [
        tenant.client.get("/api/webhooks"),
        tenant.client.get(path),
        tenant.client.patch(path, json={"description": "x"}),
        tenant.client.get(f"{path}/deliveries"),
        tenant.client.post(f"{path}:test"),
        tenant.client.post(f"{path}:redeliver"),
    ]
    for answer in answers:
        assert answer.is_success, answer.text
        assert "whsec_" not in answer.text
        assert made["secret"].removeprefix("whsec_") not in answer.text


def test_a_replayed_creation_does_not_repeat_the_secret(tenant: Tenant) -> None:
    body = {"url": "https://example.com/x", "event_types": ["*"]}
    key = {"Idempotency-Key": "create-once"}
    assert tenant.client.post("/api/webhooks", json=body, headers=key).status_code == 201
    again = tenant.client.post("/api/webhooks", json=body, headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_answer_not_kept")
    assert len(tenant.client.get("/api/webhooks").json()) == 1


def test_the_secret_is_stored_encrypted_and_never_written_to_an_event(
    server: Server, tenant: Tenant, webhook: Make
) -> None:
    secret = webhook()["secret"]
    with psycopg.connect(server.urls.superuser_url) as conn:
        stored = conn.execute(
            "SELECT ciphertext FROM webhook_secret WHERE tenant_id = %s", [tenant.id]
        ).fetchall()
        events = conn.execute(
            "SELECT payload::text || coalesce(after::text, '') FROM event WHERE tenant_id = %s", [tenant.id]
        ).fetchall()
    assert len(stored) == 1
    assert secret.encode() not in bytes(stored[0][0])
    assert any("webhook_id" in text for (text,) in events)
    assert not any("whsec_" in text for (text,) in events)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://example.com/"),
        ("url", "https://user:pw@example.com/"),
        ("url", "https://example.com/#part"),
        ("url", "not a url at all"),
        ("event_types", []),
        ("event_types", ["Asset.Registered"]),
        ("event_types", ["*.created"]),
        ("description", "x" * 501),
    ],
)
def test_a_wrong_field_is_named(tenant: Tenant, field: str, value: Any) -> None:
    body = {"url": "https://example.com/", "event_types": ["*"]} | {field: value}
    answer = tenant.client.post("/api/webhooks", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"#/{field}")


def test_a_tenant_has_a_limit_of_endpoints(
    tenant: Tenant, webhook: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.platform.webhooks.service.MAX_ENDPOINTS", 1)
    webhook()
    answer = tenant.client.post("/api/webhooks", json={"url": "https://example.com/", "event_types": ["*"]})
    assert (answer.status_code, answer.json()["limit"]) == (409, 1)


def test_another_tenants_endpoint_is_not_found(rival: Tenant, webhook: Make) -> None:
    path = f"/api/webhooks/{webhook()['id']}"
    answers = [
        rival.client.get(path),
        rival.client.patch(path, json={"description": "mine"}),
        rival.client.delete(path),
        rival.client.post(f"{path}:test"),
        rival.client.post(f"{path}:redeliver"),
        rival.client.post(f"{path}:rotate-secret", json={}),
        rival.client.get(f"{path}/deliveries"),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)


def test_reading_needs_the_permission_too(tenant: Tenant, anonymous: httpx.Client) -> None:
    assert anonymous.get("/api/webhooks").status_code == 401
    assert tenant.as_user("events.read").get("/api/webhooks").status_code == 403
    assert tenant.as_user("webhooks.write").get("/api/webhooks").status_code == 200
