"""Nobody gives what they don't hold, nobody manages a stronger user, no tenant loses its last administrator."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.tenants import PASSWORD, Tenant

ROLES = "/api/identity/roles"
USERS = "/api/identity/users"
KEYS = "/api/identity/api-keys"


@pytest.fixture
def clerk(tenant: Tenant) -> httpx.Client:
    """May manage identity, and holds nothing else but `assets.read`."""
    return tenant.as_user("identity.read", "identity.write", "assets.read", username="clerk")


def denied(answer: httpx.Response, permission: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), answer.text
    assert answer.json()["permission"] == permission


def role_of(tenant: Tenant, *permissions: str) -> str:
    made = tenant.post(ROLES, name=f"role-{uuid4().hex[:10]}", permissions=list(permissions))
    return str(made["id"])


def own_id(client: httpx.Client) -> str:
    return str(client.get("/api/identity/me").json()["principal"]["id"])


@pytest.mark.parametrize("permission", ["*", "maintenance.write"])
def test_a_role_can_not_exceed_its_maker(clerk: httpx.Client, permission: str) -> None:
    denied(clerk.post(ROLES, json={"name": "x", "permissions": ["assets.read", permission]}), permission)
    mine = clerk.post(ROLES, json={"name": "x", "permissions": ["assets.read"]})
    assert mine.status_code == 201
    path = f"{ROLES}/{mine.json()['id']}"
    denied(clerk.patch(path, json={"permissions": ["assets.read", permission]}), permission)
    assert clerk.patch(path, json={"name": "y"}).status_code == 200


def test_a_template_can_not_exceed_its_user(clerk: httpx.Client) -> None:
    answer = clerk.post(f"{ROLES}:from-template", json={"template_key": "technician"})
    assert answer.status_code == 403
    assert answer.json()["permission"] == "events.read"


def test_a_binding_can_not_exceed_its_maker(tenant: Tenant, clerk: httpx.Client) -> None:
    strong = role_of(tenant, "maintenance.release")
    me = own_id(clerk)
    denied(clerk.post(f"{USERS}/{me}/roles/{strong}"), "maintenance.release")
    batch = clerk.post(f"{USERS}/{me}/roles:batch-bind", json={"role_ids": [strong]})
    denied(batch, "maintenance.release")
    assert "maintenance.release" not in clerk.get("/api/identity/me").json()["permissions"]


def test_a_stronger_role_can_not_be_taken_or_changed(tenant: Tenant, clerk: httpx.Client) -> None:
    (admin_role,) = tenant.client.get(ROLES, params={"name": "admin"}).json()
    denied(clerk.delete(f"{USERS}/{tenant.admin_id}/roles/{admin_role['id']}"), "*")
    denied(clerk.patch(f"{ROLES}/{admin_role['id']}", json={"permissions": ["assets.read"]}), "*")
    denied(clerk.delete(f"{ROLES}/{admin_role['id']}"), "*")


def test_a_stronger_user_can_not_be_taken_over(tenant: Tenant, clerk: httpx.Client) -> None:
    admin = f"{USERS}/{tenant.admin_id}"
    denied(clerk.patch(admin, json={"password": "mine-from-now-on"}), "*")
    denied(clerk.patch(admin, json={"is_active": False}), "*")
    denied(clerk.delete(admin), "*")
    assert tenant.login("admin", PASSWORD)


def test_an_api_key_can_not_exceed_its_maker(tenant: Tenant, clerk: httpx.Client) -> None:
    denied(clerk.post(KEYS, json={"name": "k", "scopes": ["*"]}), "*")
    denied(clerk.post(KEYS, json={"name": "k", "scopes": ["ai.read"]}), "ai.read")
    for_admin = {"name": "k", "scopes": ["identity.write"], "user_id": str(tenant.admin_id)}
    made = clerk.post(KEYS, json=for_admin)
    assert made.status_code == 201
    key = tenant.with_token(made.json()["secret"])
    denied(key.post(ROLES, json={"name": "x", "permissions": ["*"]}), "*")
    denied(key.post(KEYS, json={"name": "k2", "scopes": ["identity.read"]}), "identity.read")
    takeover = key.patch(f"{USERS}/{tenant.admin_id}", json={"password": "mine-from-now-on"})
    assert takeover.status_code == 403


def test_a_wider_word_covers_the_narrower_one(tenant: Tenant) -> None:
    registrar = tenant.as_user("identity.write", "registry.write")
    made = registrar.post(ROLES, json={"name": "x", "permissions": ["assets.write", "maintenance.write"]})
    assert made.status_code == 201
    worker = tenant.as_user("identity.write", "assets.write")
    denied(worker.post(ROLES, json={"name": "y", "permissions": ["registry.write"]}), "registry.write")


def test_the_last_administrator_stays(tenant: Tenant) -> None:
    (role,) = tenant.client.get(ROLES, params={"name": "admin"}).json()
    attempts = [
        tenant.client.delete(f"{USERS}/{tenant.admin_id}/roles/{role['id']}"),
        tenant.client.patch(f"{ROLES}/{role['id']}", json={"permissions": ["identity.write"]}),
        tenant.client.delete(f"{ROLES}/{role['id']}"),
    ]
    assert [(a.status_code, a.json()["code"]) for a in attempts] == [(409, "last_administrator")] * 3
    assert tenant.client.get(f"{ROLES}/{role['id']}").json()["permissions"] == ["*"]


def test_a_disabled_administrator_does_not_count(tenant: Tenant) -> None:
    (role,) = tenant.client.get(ROLES, params={"name": "admin"}).json()
    second = tenant.post(USERS, username="second", password=PASSWORD, is_active=False)
    assert tenant.client.post(f"{USERS}/{second['id']}/roles/{role['id']}").status_code == 204
    own = tenant.client.delete(f"{USERS}/{tenant.admin_id}/roles/{role['id']}")
    assert own.json()["code"] == "last_administrator"
    assert tenant.client.patch(f"{USERS}/{second['id']}", json={"is_active": True}).status_code == 200
    assert tenant.client.delete(f"{USERS}/{tenant.admin_id}/roles/{role['id']}").status_code == 204


def test_two_administrators_who_disable_each_other_leave_one(tenant: Tenant) -> None:
    def pair() -> list[tuple[httpx.Client, str]]:
        made: list[tuple[httpx.Client, str]] = []
        for name in ("first", "second"):
            client = tenant.as_user("*", username=f"{name}-{uuid4().hex[:8]}")
            made.append((client, own_id(client)))
        return made

    (one, one_id), (two, two_id) = pair()
    assert one.patch(f"{USERS}/{tenant.admin_id}", json={"is_active": False}).status_code == 200

    def disable(job: tuple[httpx.Client, str]) -> int:
        client, other = job
        return client.patch(f"{USERS}/{other}", json={"is_active": False}).status_code

    with ThreadPoolExecutor(2) as pool:
        outcome: list[int] = sorted(pool.map(disable, [(one, two_id), (two, one_id)]))
    assert outcome[0] == 200
    assert outcome[1] in {401, 409}
    states: list[Any] = [client.get("/api/identity/me").status_code for client in (one, two)]
    assert sorted(states) == [200, 401]
