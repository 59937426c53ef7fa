"""Making tenants and their first administrators; what each profile allows whom."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.identity.conftest import OPERATOR
from tests.support.server import Server
from tests.support.tenants import PASSWORD, Tenant

TENANTS = "/api/identity/tenants"
BOOTSTRAP = "/api/identity/bootstrap-admin"


def make(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post(TENANTS, json={"name": f"tenant-{uuid4().hex}"}, headers=headers)


@pytest.fixture
def outsider(production: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=production.url, timeout=30) as client:
        yield client


def test_a_tenant_is_made_once_by_name(anonymous: httpx.Client) -> None:
    name = f"tenant-{uuid4().hex}"
    made = anonymous.post(TENANTS, json={"name": f"  {name} ", "an_old_clients_field": 1})
    assert made.status_code == 201
    assert made.json()["name"] == name
    assert set(made.json()) == {"id", "name", "created_at"}
    again = anonymous.post(TENANTS, json={"name": name})
    assert (again.status_code, again.json()["code"]) == (409, "tenant_name_taken")


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", 7, None])
def test_a_tenants_name_is_checked(anonymous: httpx.Client, name: object) -> None:
    answer = anonymous.post(TENANTS, json={"name": name})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/name"


def test_the_first_administrator_holds_everything(anonymous: httpx.Client) -> None:
    tenant_id = make(anonymous).json()["id"]
    body = {"tenant_id": tenant_id, "username": "root", "password": PASSWORD}
    made = anonymous.post(BOOTSTRAP, json=body)
    assert made.status_code == 201
    user = made.json()
    assert (user["tenant_id"], user["username"], user["is_active"]) == (tenant_id, "root", True)
    assert PASSWORD not in made.text
    token = anonymous.post("/api/identity/dev-login", json=body).json()
    assert token["token_type"] == "bearer"
    assert {"*", "identity.write", "assets.read", "storage.admin", "webhooks.write"} <= set(
        token["permissions"]
    )
    me = anonymous.get(
        "/api/identity/me", headers={"Authorization": f"Bearer {token['access_token']}"}
    ).json()
    assert [role["name"] for role in me["roles"]] == ["admin"]
    assert me["principal"] == {
        "id": user["id"],
        "kind": "user",
        "name": "root",
        "tenant_id": tenant_id,
        "user_id": user["id"],
    }
    assert me["permissions"] == token["permissions"]


def test_a_tenant_with_users_can_not_be_claimed(anonymous: httpx.Client, tenant: Tenant) -> None:
    body = {"tenant_id": str(tenant.id), "username": "thief", "password": PASSWORD}
    answer = anonymous.post(BOOTSTRAP, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "tenant_has_users")


@pytest.mark.parametrize("tenant_id", ["018f0000-0000-7000-8000-000000000000", "no such tenant"])
def test_an_unknown_tenant_has_no_administrator(anonymous: httpx.Client, tenant_id: str) -> None:
    body = {"tenant_id": tenant_id, "username": "root", "password": PASSWORD}
    assert anonymous.post(BOOTSTRAP, json=body).status_code == 404


def test_eight_clients_bootstrap_one_administrator(anonymous: httpx.Client) -> None:
    tenant_id = make(anonymous).json()["id"]

    def claim(n: int) -> int:
        body = {"tenant_id": tenant_id, "username": f"root{n}", "password": PASSWORD}
        return anonymous.post(BOOTSTRAP, json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(claim, range(8))) == {201: 1, 409: 7}


def test_a_caller_sees_its_own_tenant_only(tenant: Tenant, rival: Tenant) -> None:
    listed = tenant.client.get(TENANTS).json()
    assert [row["id"] for row in listed] == [str(tenant.id)]
    assert tenant.client.get(f"{TENANTS}/{tenant.id}").json() == listed[0]
    foreign, unknown = (tenant.client.get(f"{TENANTS}/{some}") for some in (rival.id, uuid4()))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json()["code"] == unknown.json()["code"] == "tenant_not_found"


def test_production_needs_the_operators_token(outsider: httpx.Client) -> None:
    assert make(outsider).status_code == 401
    assert make(outsider, Authorization="Bearer wrong").status_code == 401
    assert make(outsider, Authorization=f"Basic {OPERATOR}").status_code == 401
    made = make(outsider, Authorization=f"Bearer {OPERATOR}")
    assert made.status_code == 201
    body = {"tenant_id": made.json()["id"], "username": "root", "password": PASSWORD}
    assert outsider.post(BOOTSTRAP, json=body).status_code == 401
    allowed = outsider.post(BOOTSTRAP, json=body, headers={"Authorization": f"Bearer {OPERATOR}"})
    assert allowed.status_code == 201
    assert outsider.post("/api/identity/dev-login", json=body).status_code == 404
    signed_in = outsider.post("/api/identity/login", json=body)
    assert signed_in.status_code == 200
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert outsider.get("/api/identity/me", headers=bearer).status_code == 200
