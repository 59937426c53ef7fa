"""Users: their life, and that every change of what they may do holds from the next request on."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.tenants import PASSWORD, Tenant

USERS = "/api/identity/users"


def make(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    return tenant.post(USERS, **({"username": f"user-{uuid4().hex[:10]}", "password": PASSWORD} | fields))


def test_a_user_is_made_read_listed_and_deleted(tenant: Tenant) -> None:
    made = tenant.client.post(USERS, json={"username": "mira", "password": PASSWORD})
    assert made.status_code == 201
    user = made.json()
    assert user["username"] == "mira"
    assert user["is_active"] is True
    assert not [field for field in user if "password" in field or "hash" in field]
    assert made.headers["location"] == f"{USERS}/{user['id']}"
    read = tenant.client.get(f"{USERS}/{user['id']}")
    assert read.json() == user
    assert read.headers["etag"] == '"1"'
    assert [u["username"] for u in tenant.client.get(USERS).json()] == ["admin", "mira"]
    assert [u["id"] for u in tenant.client.get(USERS, params={"username": "mira"}).json()] == [user["id"]]
    assert tenant.client.get(USERS, params={"is_active": False}).json() == []
    assert tenant.client.delete(f"{USERS}/{user['id']}").status_code == 204
    assert tenant.client.get(f"{USERS}/{user['id']}").status_code == 404
    assert tenant.client.delete(f"{USERS}/{user['id']}").status_code == 404


def test_usernames_are_unique_within_a_tenant_only(tenant: Tenant, rival: Tenant) -> None:
    make(tenant, username="mira")
    make(rival, username="mira")
    again = tenant.client.post(USERS, json={"username": "mira", "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (409, "username_taken")
    other = make(tenant, username="otto")
    renamed = tenant.client.patch(f"{USERS}/{other['id']}", json={"username": "mira"})
    assert (renamed.status_code, renamed.json()["code"]) == (409, "username_taken")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short77", "too_short"),
        ("x" * 257, "too_long"),
        ("Password123", "password_denied"),
        (12345678, "string_type"),
    ],
)
def test_a_bad_password_is_refused_by_name(tenant: Tenant, password: object, code: str) -> None:
    answer = tenant.client.post(USERS, json={"username": "mira", "password": password})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/password", code)
    assert str(password) not in answer.text


@pytest.mark.parametrize("password", ["aaaaaaaa", "  spaces are part of it  ", "ключ от ангара", "x" * 256])
def test_any_other_password_works_as_it_was_typed(tenant: Tenant, password: str) -> None:
    user = make(tenant, password=password)
    assert tenant.login(user["username"], password)
    body = {"tenant_id": str(tenant.id), "username": user["username"], "password": password.strip() + "!"}
    assert tenant.client.post("/api/identity/dev-login", json=body).status_code == 401


def test_a_change_needs_the_current_version_when_one_is_named(tenant: Tenant) -> None:
    user = make(tenant)
    path = f"{USERS}/{user['id']}"
    first = tenant.client.patch(path, json={"username": "otto"}, headers={"If-Match": '"1"'})
    assert (first.status_code, first.json()["version"], first.headers["etag"]) == (200, 2, '"2"')
    second = tenant.client.patch(path, json={"username": "emil"}, headers={"If-Match": '"1"'})
    assert (second.status_code, second.json()["current_version"]) == (412, 2)
    nothing = tenant.client.patch(path, json={"username": "otto"})
    assert nothing.json()["version"] == 2


def test_a_disabled_user_is_out_with_the_next_request(tenant: Tenant) -> None:
    user = make(tenant)
    client = tenant.with_token(tenant.login(user["username"]))
    assert client.get("/api/identity/me").status_code == 200
    assert tenant.client.patch(f"{USERS}/{user['id']}", json={"is_active": False}).status_code == 200
    assert client.get("/api/identity/me").status_code == 401
    body = {"tenant_id": str(tenant.id), "username": user["username"], "password": PASSWORD}
    assert client.post("/api/identity/dev-login", json=body).status_code == 401
    assert tenant.client.patch(f"{USERS}/{user['id']}", json={"is_active": True}).status_code == 200
    assert client.get("/api/identity/me").status_code == 401, "the old session stays ended"
    assert tenant.login(user["username"])


def test_a_deleted_user_is_out_with_the_next_request(tenant: Tenant) -> None:
    user = make(tenant)
    client = tenant.with_token(tenant.login(user["username"]))
    assert tenant.client.delete(f"{USERS}/{user['id']}").status_code == 204
    assert client.get("/api/identity/me").status_code == 401


def test_a_new_password_ends_the_old_sessions(tenant: Tenant) -> None:
    user = make(tenant)
    client = tenant.with_token(tenant.login(user["username"]))
    changed = tenant.client.patch(f"{USERS}/{user['id']}", json={"password": "another-long-one"})
    assert changed.status_code == 200
    assert client.get("/api/identity/me").status_code == 401
    assert tenant.login(user["username"], "another-long-one")


def test_one_changes_ones_own_password_and_stays_signed_in(tenant: Tenant) -> None:
    user = make(tenant)
    here, elsewhere = (tenant.with_token(tenant.login(user["username"])) for _ in range(2))
    path = "/api/identity/me/password"
    wrong = here.post(path, json={"current_password": "not this one", "new_password": "another-long-one"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/current_password")
    assert elsewhere.get("/api/identity/me").status_code == 200
    right = here.post(path, json={"current_password": PASSWORD, "new_password": "another-long-one"})
    assert right.status_code == 204
    assert here.get("/api/identity/me").status_code == 200
    assert elsewhere.get("/api/identity/me").status_code == 401


def test_nobody_disables_or_deletes_themselves(tenant: Tenant) -> None:
    own = f"{USERS}/{tenant.admin_id}"
    disabled = tenant.client.patch(own, json={"is_active": False})
    assert (disabled.status_code, disabled.json()["code"]) == (409, "not_yourself")
    deleted = tenant.client.delete(own)
    assert (deleted.status_code, deleted.json()["code"]) == (409, "not_yourself")
    assert tenant.client.get("/api/identity/me").status_code == 200


def test_pages_of_users_link_to_the_next(tenant: Tenant) -> None:
    for n in range(3):
        make(tenant, username=f"u{n}")
    seen: list[str] = []
    answer: httpx.Response = tenant.client.get(USERS, params={"limit": 2, "sort": "-username", "count": True})
    assert answer.headers["x-total-count"] == "4"
    while True:
        seen += [user["username"] for user in answer.json()]
        if "next" not in answer.links:
            break
        answer = tenant.client.get(answer.links["next"]["url"])
    assert seen == ["u2", "u1", "u0", "admin"]
