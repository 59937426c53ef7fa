"""Signing in, refreshing, signing out."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import psycopg
import pytest

from app.kernel.clock import now
from app.platform.identity.tokens import AccessClaims, Keyring
from tests.support.tenants import PASSWORD, Tenant

LOGIN = "/api/identity/login"
REFRESH = "/api/identity/refresh"
LOGOUT = "/api/identity/logout"
ME = "/api/identity/me"


def sign_in(tenant: Tenant, client: httpx.Client, /, **changes: str) -> httpx.Response:
    body = {"tenant": tenant.name, "username": "admin", "password": PASSWORD}
    return client.post(LOGIN, json=body | changes)


def bearer(client: httpx.Client, token: str) -> int:
    return client.get(ME, headers={"Authorization": f"Bearer {token}"}).status_code


def renew(client: httpx.Client, token: str) -> httpx.Response:
    return client.post(REFRESH, json={"refresh_token": token})


def test_login_takes_a_tenants_name_or_id(tenant: Tenant, anonymous: httpx.Client) -> None:
    for name in (tenant.name, str(tenant.id)):
        answer = sign_in(tenant, anonymous, tenant=name)
        assert answer.status_code == 200
        token = answer.json()
        assert set(token) == {"access_token", "token_type", "expires_in", "permissions", "refresh_token"}
        assert token["expires_in"] == 900
        assert bearer(anonymous, token["access_token"]) == 200
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "not the password"},
        {"username": "nobody"},
        {"tenant": "no such"},
        {"tenant": str(uuid4())},
    ],
)
def test_every_wrong_login_gets_one_answer(
    tenant: Tenant, anonymous: httpx.Client, wrong: dict[str, str]
) -> None:
    answer = sign_in(tenant, anonymous, **wrong)
    assert answer.status_code == 401
    problem = answer.json()
    assert problem["detail"] == "Wrong tenant, username or password."
    assert problem["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_right_password_of_another_tenant_is_wrong(
    tenant: Tenant, rival: Tenant, anonymous: httpx.Client
) -> None:
    tenant.post("/api/identity/users", username="mira", password=PASSWORD)
    assert sign_in(rival, anonymous, username="mira").status_code == 401


def test_a_refresh_token_is_good_once(tenant: Tenant, anonymous: httpx.Client) -> None:
    first = sign_in(tenant, anonymous).json()
    second = renew(anonymous, first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert bearer(anonymous, second.json()["access_token"]) == 200
    assert renew(anonymous, second.json()["refresh_token"]).status_code == 200


def test_a_reused_refresh_token_ends_the_whole_session(
    tenant: Tenant, anonymous: httpx.Client, events: Any
) -> None:
    first = sign_in(tenant, anonymous).json()
    other_session = sign_in(tenant, anonymous).json()
    second = renew(anonymous, first["refresh_token"]).json()
    assert renew(anonymous, first["refresh_token"]).status_code == 401
    assert renew(anonymous, second["refresh_token"]).status_code == 401
    assert bearer(anonymous, first["access_token"]) == 401
    assert bearer(anonymous, second["access_token"]) == 401
    assert bearer(anonymous, other_session["access_token"]) == 200
    (reused,) = events(tenant, "identity.refresh.")
    assert reused.payload["user_id"] == str(tenant.admin_id)


def test_of_eight_twins_one_is_refreshed_and_the_session_ends(
    tenant: Tenant, anonymous: httpx.Client, events: Any
) -> None:
    token = sign_in(tenant, anonymous).json()["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: renew(anonymous, token), range(8)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: 7}
    (winner,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert bearer(anonymous, winner["access_token"]) == 401
    assert len(events(tenant, "identity.refresh.reused")) == 1


@pytest.mark.parametrize(
    "wreck", [lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: t[:-1], lambda _: "x"]
)
def test_a_wrong_refresh_token_ends_nothing(tenant: Tenant, anonymous: httpx.Client, wreck: Any) -> None:
    token = sign_in(tenant, anonymous).json()["refresh_token"]
    assert renew(anonymous, wreck(token)).status_code == 401
    assert renew(anonymous, token).status_code == 200


def test_a_refresh_token_is_no_bearer_and_a_key_no_refresh_token(
    tenant: Tenant, anonymous: httpx.Client
) -> None:
    token = sign_in(tenant, anonymous).json()["refresh_token"]
    assert bearer(anonymous, token) == 401
    key = tenant.post("/api/identity/api-keys", name="k", scopes=["events.read"])
    assert renew(anonymous, str(key["secret"])).status_code == 401


def test_an_expired_refresh_token_is_refused(tenant: Tenant, anonymous: httpx.Client) -> None:
    token = sign_in(tenant, anonymous).json()["refresh_token"]
    with psycopg.connect(tenant.server.urls.superuser_url, autocommit=True) as admin:
        admin.execute(
            "UPDATE identity_refresh_token SET expires_at = now() WHERE tenant_id = %s", (tenant.id,)
        )
    assert renew(anonymous, token).status_code == 401


def test_a_disabled_user_refreshes_nothing(tenant: Tenant, anonymous: httpx.Client) -> None:
    user = tenant.post("/api/identity/users", username="mira", password=PASSWORD)
    token = sign_in(tenant, anonymous, username="mira").json()["refresh_token"]
    tenant.client.patch(f"/api/identity/users/{user['id']}", json={"is_active": False})
    assert renew(anonymous, token).status_code == 401


def test_logout_ends_access_and_refresh_tokens_at_once(tenant: Tenant, anonymous: httpx.Client) -> None:
    token = sign_in(tenant, anonymous).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    answer = anonymous.post(LOGOUT, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"status": "signed_out"})
    assert bearer(anonymous, token["access_token"]) == 401
    assert renew(anonymous, token["refresh_token"]).status_code == 401
    assert anonymous.post(LOGOUT, headers=headers).status_code == 401
    assert tenant.client.get(ME).status_code == 200, "the other session goes on"


def claims_of(token: str) -> AccessClaims:
    payload = jwt.decode(token, options={"verify_signature": False})
    tenant_id, user_id, session_id = (UUID(payload[name]) for name in ("tid", "sub", "sid"))
    return AccessClaims(tenant_id, user_id, session_id)


def test_a_token_that_expired_is_refused(tenant: Tenant, anonymous: httpx.Client) -> None:
    keyring: Keyring = tenant.server.runtime.principals.keyring  # type: ignore[attr-defined]
    claims = claims_of(tenant.token)
    assert bearer(anonymous, keyring.sign(claims, now())) == 200
    assert bearer(anonymous, keyring.sign(claims, now() - timedelta(seconds=901))) == 401


def test_a_token_for_another_tenant_or_user_is_refused(
    tenant: Tenant, rival: Tenant, anonymous: httpx.Client
) -> None:
    keyring: Keyring = tenant.server.runtime.principals.keyring  # type: ignore[attr-defined]
    mine, theirs = claims_of(tenant.token), claims_of(rival.token)
    for forged in (
        AccessClaims(theirs.tenant_id, mine.user_id, mine.session_id),
        AccessClaims(mine.tenant_id, theirs.user_id, mine.session_id),
        AccessClaims(mine.tenant_id, mine.user_id, theirs.session_id),
    ):
        assert bearer(anonymous, keyring.sign(forged, now())) == 401


@pytest.mark.parametrize(
    "credential",
    [
        "x",
        "a.b.c",
        "hgr_key_1_2_3",
        "hgr_ses_" + "0" * 32 + "_" + "0" * 32 + "_" + "0" * 64,
        "é",
        "hgr_" * 2000,
    ],
)
def test_nonsense_is_not_a_credential(anonymous: httpx.Client, credential: str) -> None:
    answer = anonymous.get(ME, headers={"Authorization": f"Bearer {credential}".encode()})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize("value", ["", "Bearer", "Basic YTpi"])
def test_no_credential_is_401(anonymous: httpx.Client, value: str) -> None:
    assert anonymous.get(ME, headers={"Authorization": value}).status_code == 401
