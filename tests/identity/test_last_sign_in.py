"""Every way in notes when; what is no sign-in does not; and two clocks that differ keep nobody out."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.events.spine import as_superuser
from tests.support.tenants import PASSWORD, Tenant


@pytest.fixture
def user(tenant: Tenant) -> dict[str, Any]:
    return dict(tenant.post("/api/identity/users", username=f"u-{uuid4().hex[:12]}", password=PASSWORD))


def last(tenant: Tenant, user: dict[str, Any]) -> datetime | None:
    text = tenant.client.get(f"/api/identity/users/{user['id']}").json()["last_sign_in_at"]
    return datetime.fromisoformat(text) if text else None


def move(tenant: Tenant, user: dict[str, Any], column: str, at: datetime) -> None:
    as_superuser(
        tenant.server.urls,
        f"UPDATE identity_user SET {column} = %(at)s WHERE tenant_id = %(tenant)s AND id = %(id)s",
        at=at,
        tenant=tenant.id,
        id=user["id"],
    )


def test_every_sign_in_is_noted_and_a_refresh_is_none(tenant: Tenant, user: dict[str, Any]) -> None:
    assert user["last_sign_in_at"] is None
    tenant.login(user["username"])
    first = last(tenant, user)
    assert first is not None
    body = {"tenant": str(tenant.id), "username": user["username"], "password": PASSWORD}
    signed_in = tenant.client.post("/api/identity/login", json=body).json()
    second = last(tenant, user)
    assert second is not None
    assert second > first
    refreshed = tenant.client.post(
        "/api/identity/refresh", json={"refresh_token": signed_in["refresh_token"]}
    )
    assert refreshed.status_code == 200
    assert last(tenant, user) == second
    listed = tenant.client.get("/api/identity/users", params={"username": user["username"]}).json()
    assert [datetime.fromisoformat(one["last_sign_in_at"]) for one in listed] == [second]


def test_a_refused_sign_in_is_not_noted(tenant: Tenant, user: dict[str, Any]) -> None:
    body = {"tenant": str(tenant.id), "username": user["username"], "password": "not-the-password"}
    assert tenant.client.post("/api/identity/login", json=body).status_code == 401
    assert last(tenant, user) is None


def test_a_server_whose_clock_is_behind_lets_people_in(tenant: Tenant, user: dict[str, Any]) -> None:
    later = datetime.now(UTC) + timedelta(minutes=5)
    move(tenant, user, "created_at", later)
    tenant.login(user["username"])
    assert last(tenant, user) == later


def test_it_is_no_change_of_the_user(tenant: Tenant, user: dict[str, Any]) -> None:
    tenant.login(user["username"])
    read = tenant.client.get(f"/api/identity/users/{user['id']}")
    assert (read.json()["version"], read.headers["etag"]) == (user["version"], f'"{user["version"]}"')
