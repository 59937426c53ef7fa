"""Every write of identity is an event, and none of them tells a secret."""

from typing import Any

import psycopg
import pytest

from tests.support.tenants import PASSWORD, Tenant

NEW_PASSWORD = "another-long-password"


@pytest.fixture
def busy(tenant: Tenant) -> tuple[Tenant, list[str]]:
    """A tenant in which every operation was done once, and the secrets that were handed out."""
    client = tenant.client
    role = tenant.post("/api/identity/roles", name="r", permissions=["events.read"])
    user = tenant.post("/api/identity/users", username="mira", password=PASSWORD)
    bind = f"/api/identity/users/{user['id']}/roles/{role['id']}"
    client.post(bind)
    client.delete(bind)
    client.post(f"/api/identity/users/{user['id']}/roles:batch-bind", json={"role_ids": [role["id"]]})
    client.patch(f"/api/identity/roles/{role['id']}", json={"permissions": ["audit.read"]})
    client.patch(f"/api/identity/users/{user['id']}", json={"password": NEW_PASSWORD})
    key = tenant.post("/api/identity/api-keys", name="k", scopes=["events.read"])
    client.delete(f"/api/identity/api-keys/{key['id']}")
    sign_in = {"tenant": tenant.name, "username": "mira", "password": NEW_PASSWORD}
    token = client.post("/api/identity/login", json=sign_in).json()
    client.post("/api/identity/login", json=sign_in | {"password": "typed-by-mistake"})
    client.post("/api/identity/login", json=sign_in | {"username": "typed-by-mistake"})
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    client.post("/api/identity/logout", headers=bearer)
    client.post("/api/identity/refresh", json={"refresh_token": token["refresh_token"]})
    client.delete(f"/api/identity/roles/{role['id']}")
    client.delete(f"/api/identity/users/{user['id']}")
    given = [PASSWORD, NEW_PASSWORD, "typed-by-mistake", key["secret"], token["refresh_token"]]
    return tenant, [str(secret) for secret in given]


def test_every_write_is_an_event(busy: tuple[Tenant, list[str]], events: Any) -> None:
    tenant, _ = busy
    assert [row.type.removeprefix("identity.") for row in events(tenant)] == [
        "tenant.created",
        "role.created",
        "user.created",
        "user_role.bound",
        "login.succeeded",
        "role.created",
        "user.created",
        "user_role.bound",
        "user_role.unbound",
        "user_role.bound",
        "role.updated",
        "user.updated",
        "api_key.created",
        "api_key.revoked",
        "login.succeeded",
        "login.failed",
        "login.failed",
        "session.ended",
        "role.deleted",
        "user.deleted",
    ]


def test_events_say_who_did_what_to_whom(busy: tuple[Tenant, list[str]], events: Any) -> None:
    tenant, _ = busy
    by_type: dict[str, Any] = {row.type: row for row in events(tenant)}
    updated = by_type["identity.role.updated"]
    assert updated.actor == f"user:{tenant.admin_id}"
    assert updated.before["permissions"] == ["events.read"]
    assert updated.after["permissions"] == ["audit.read"]
    changed = by_type["identity.user.updated"]
    assert changed.payload["changed"] == ["password"]
    failures = events(tenant, "identity.login.failed")
    assert [row.payload["reason"] for row in failures] == ["wrong_password", "unknown_user"]
    assert failures[0].subject == changed.subject
    assert failures[1].subject == f"tenant:{tenant.id}"
    ended = by_type["identity.session.ended"]
    assert ended.actor == ended.subject == changed.subject


def test_no_event_and_no_row_tells_a_secret(busy: tuple[Tenant, list[str]]) -> None:
    tenant, given = busy
    tables = [
        "event",
        "identity_user",
        "identity_api_key",
        "identity_session",
        "identity_refresh_token",
        "idempotency_key",
    ]
    with psycopg.connect(tenant.server.urls.superuser_url) as admin:
        for table in tables:
            query = f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t WHERE tenant_id = %s"
            (text,) = admin.execute(query, (tenant.id,)).fetchone() or ("",)
            for secret in given:
                assert secret not in text, table
                assert secret.rpartition("_")[2] not in text, table
                assert secret.encode().hex() not in text, table
