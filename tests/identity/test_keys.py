"""API keys: scopes within the user's own permissions, expiry, revocation, and when they were used."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.tenants import PASSWORD, Tenant

KEYS = "/api/identity/api-keys"
USERS = "/api/identity/users"
ROLES = "/api/identity/roles"
ME = "/api/identity/me"


def make(tenant: Tenant, *scopes: str, **fields: Any) -> dict[str, Any]:
    return tenant.post(KEYS, name="gateway", scopes=list(scopes), **fields)


def test_a_key_works_within_its_scopes(tenant: Tenant) -> None:
    made = make(tenant, "identity.read", "identity.read")
    assert made["scopes"] == ["identity.read"]
    assert made["secret"].startswith("hgr_key_")
    key = tenant.with_token(made["secret"])
    assert key.get(USERS).status_code == 200
    assert key.post(ROLES, json={"name": "x"}).status_code == 403
    me = key.get(ME).json()
    assert (me["principal"]["kind"], me["principal"]["id"]) == ("api_key", made["id"])
    assert me["principal"]["user_id"] == str(tenant.admin_id)
    assert me["permissions"] == ["identity.read"]


def test_the_secret_is_shown_once(tenant: Tenant) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = {"name": "k", "scopes": ["events.read"]}
    first = tenant.client.post(KEYS, json=body, headers=headers)
    secret = first.json()["secret"]
    again = tenant.client.post(KEYS, json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_answer_not_kept")
    listed = tenant.client.get(KEYS)
    assert [row["id"] for row in listed.json()] == [first.json()["id"]]
    one = tenant.client.get(f"{KEYS}/{first.json()['id']}")
    for answer in (again, listed, one):
        assert secret not in answer.text
        assert secret.rpartition("_")[2] not in answer.text


def test_a_revoked_key_is_out_with_the_next_request(tenant: Tenant) -> None:
    made = make(tenant, "identity.read")
    key = tenant.with_token(made["secret"])
    assert key.get(ME).status_code == 200
    assert tenant.client.delete(f"{KEYS}/{made['id']}").status_code == 204
    assert key.get(ME).status_code == 401
    assert tenant.client.get(f"{KEYS}/{made['id']}").json()["revoked_at"] is not None
    assert tenant.client.delete(f"{KEYS}/{made['id']}").status_code == 204
    assert tenant.client.delete(f"{KEYS}/{uuid4()}").status_code == 404


def test_a_key_never_outgrows_its_user(tenant: Tenant) -> None:
    role = tenant.post(ROLES, name="r", permissions=["assets.read", "identity.read"])
    user = tenant.post(USERS, username="mira", password=PASSWORD)
    tenant.client.post(f"{USERS}/{user['id']}/roles/{role['id']}")
    scoped = tenant.with_token(make(tenant, "identity.read", "events.read", user_id=user["id"])["secret"])
    whole = tenant.with_token(make(tenant, "*", user_id=user["id"])["secret"])
    assert scoped.get(ME).json()["permissions"] == ["identity.read"]
    assert whole.get(ME).json()["permissions"] == ["assets.read", "identity.read"]
    tenant.client.patch(f"{ROLES}/{role['id']}", json={"permissions": ["registry.read", "events.read"]})
    assert scoped.get(ME).json()["permissions"] == ["events.read"]
    assert set(whole.get(ME).json()["permissions"]) == {"registry.read", "events.read"}
    tenant.client.patch(f"{USERS}/{user['id']}", json={"is_active": False})
    assert scoped.get(ME).status_code == whole.get(ME).status_code == 401


def test_a_wider_word_of_the_user_covers_a_narrower_scope(tenant: Tenant) -> None:
    registrar = tenant.as_user("identity.write", "registry.read")
    made = registrar.post(KEYS, json={"name": "k", "scopes": ["assets.read"]})
    assert made.status_code == 201
    key = tenant.with_token(made.json()["secret"])
    assert key.get(ME).json()["permissions"] == ["assets.read"]


def test_a_deleted_users_keys_are_gone(tenant: Tenant) -> None:
    user = tenant.post(USERS, username="mira", password=PASSWORD)
    made = make(tenant, "identity.read", user_id=user["id"])
    assert [k["id"] for k in tenant.client.get(KEYS, params={"user_id": user["id"]}).json()] == [made["id"]]
    tenant.client.delete(f"{USERS}/{user['id']}")
    assert tenant.with_token(made["secret"]).get(ME).status_code == 401
    assert tenant.client.get(f"{KEYS}/{made['id']}").status_code == 404


def test_a_key_expires(tenant: Tenant) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    refused = tenant.client.post(KEYS, json={"name": "k", "scopes": ["events.read"], "expires_at": past})
    assert refused.json()["errors"][0]["pointer"] == "#/expires_at"
    made = make(tenant, "identity.read", expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    key = tenant.with_token(made["secret"])
    assert key.get(ME).status_code == 200
    with psycopg.connect(tenant.server.urls.superuser_url, autocommit=True) as admin:
        admin.execute("UPDATE identity_api_key SET expires_at = now() WHERE id = %s", (made["id"],))
    assert key.get(ME).status_code == 401


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "k", "scopes": []}, "#/scopes"),
        ({"name": "k", "scopes": ["no.such"]}, "#/scopes/0"),
        ({"name": " ", "scopes": ["events.read"]}, "#/name"),
        ({"name": "k", "scopes": ["events.read"], "expires_at": "2030-01-01T00:00:00"}, "#/expires_at"),
    ],
)
def test_a_bad_key_is_refused_by_name(tenant: Tenant, body: dict[str, Any], pointer: str) -> None:
    answer = tenant.client.post(KEYS, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_key_of_another_tenants_user_is_not_made(tenant: Tenant, rival: Tenant) -> None:
    body = {"name": "k", "scopes": ["events.read"], "user_id": str(rival.admin_id)}
    answer = tenant.client.post(KEYS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")


def test_the_use_of_a_key_is_noted_to_the_minute(tenant: Tenant) -> None:
    made = make(tenant, "identity.read")
    path = f"{KEYS}/{made['id']}"
    assert made["last_used_at"] is None
    wrong = tenant.with_token(made["secret"][:-4] + "0000")
    assert wrong.get(ME).status_code == 401
    assert tenant.client.get(path).json()["last_used_at"] is None
    key = tenant.with_token(made["secret"])
    assert key.get(ME).status_code == 200, "a read, and still noted"
    first = tenant.client.get(path).json()["last_used_at"]
    assert first is not None
    key.get(ME)
    assert tenant.client.get(path).json()["last_used_at"] == first
    with psycopg.connect(tenant.server.urls.superuser_url, autocommit=True) as admin:
        admin.execute(
            "UPDATE identity_api_key SET last_used_at = now() - interval '61 s' WHERE id = %s", (made["id"],)
        )
    key.get(ME)
    assert tenant.client.get(path).json()["last_used_at"] > first


def test_a_read_with_a_key_can_not_write(tenant: Tenant) -> None:
    made = make(tenant, "identity.read")
    runtime = tenant.server.runtime
    claim = runtime.principals.identify(made["secret"])
    with runtime.database.connect() as conn, conn.begin():
        runtime.principals.open(conn, claim, read_only=True)
        state = conn.exec_driver_sql("SELECT current_setting('transaction_read_only')").scalar_one()
        actor = conn.exec_driver_sql("SELECT current_setting('app.actor')").scalar_one()
    assert (state, actor) == ("on", f"api_key:{made['id']}")
