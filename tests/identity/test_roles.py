"""Roles, templates, the catalogue and bindings."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.tenants import PASSWORD, Tenant

ROLES = "/api/identity/roles"
USERS = "/api/identity/users"
TEMPLATES = {
    "fleet-manager",
    "dispatcher",
    "technician",
    "planner",
    "auditor",
    "storage-operator",
    "ml-engineer",
}
CONTRACT = [
    "identity.read",
    "identity.write",
    "registry.read",
    "registry.write",
    "assets.read",
    "assets.write",
    "maintenance.read",
    "maintenance.write",
    "maintenance.release",
    "warehouse.view",
    "warehouse.create",
    "warehouse.update",
    "warehouse.delete",
    "warehouse.approve",
    "ppic.view",
    "ppic.create",
    "ppic.update",
    "ppic.delete",
    "ppic.approve",
    "ai.read",
    "ai.write",
    "ai.approve",
    "reporting.read",
    "reporting.write",
    "observability.read",
    "observability.write",
    "storage.read",
    "storage.write",
    "storage.admin",
    "events.read",
    "telemetry.write",
    "audit.read",
    "webhooks.write",
]


def make_role(tenant: Tenant, *permissions: str) -> dict[str, Any]:
    return tenant.post(ROLES, name=f"role-{uuid4().hex[:10]}", permissions=list(permissions))


def make_user(tenant: Tenant) -> dict[str, Any]:
    return tenant.post(USERS, username=f"user-{uuid4().hex[:10]}", password=PASSWORD)


def test_the_catalogue_has_every_word_of_the_contract(tenant: Tenant) -> None:
    listed = tenant.client.get("/api/identity/permissions").json()
    assert set(CONTRACT) <= {row["name"] for row in listed}
    assert all(row["description"] for row in listed)
    also = {row["name"]: row["also_granted_by"] for row in listed}
    assert also["assets.write"] == also["maintenance.write"] == ["registry.write"]
    assert also["ai.read"] == ["reporting.read"]
    assert also["ai.approve"] == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes_the_catalogue(tenant: Tenant, method: str) -> None:
    answer = tenant.client.request(method, "/api/identity/permissions", json={"name": "platform.super_admin"})
    assert answer.status_code == 405


def test_a_role_is_made_changed_and_deleted(tenant: Tenant) -> None:
    body = {"name": "night shift", "permissions": ["maintenance.write", "assets.read", "assets.read"]}
    made = tenant.client.post(ROLES, json=body)
    assert made.status_code == 201
    role = made.json()
    assert role["permissions"] == ["assets.read", "maintenance.write"]
    assert role["description"] is None
    path = f"{ROLES}/{role['id']}"
    assert tenant.client.get(path).json() == role
    changed = tenant.client.patch(path, json={"description": "22 to 6", "permissions": ["assets.read"]})
    assert changed.status_code == 200
    assert changed.json()["permissions"] == ["assets.read"]
    assert changed.json()["name"] == "night shift"
    assert changed.json()["version"] == 2
    stale = tenant.client.patch(path, json={"name": "day shift"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    taken = tenant.client.post(ROLES, json={"name": "night shift"})
    assert (taken.status_code, taken.json()["code"]) == (409, "role_name_taken")
    assert {row["name"] for row in tenant.client.get(ROLES).json()} == {"admin", "night shift"}
    assert tenant.client.delete(path).status_code == 204
    assert tenant.client.get(path).status_code == 404


def test_an_unknown_permission_is_named(tenant: Tenant) -> None:
    body = {"name": "odd", "permissions": ["assets.read", "platform.super_admin"]}
    answer = tenant.client.post(ROLES, json=body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/permissions/1", "unknown_permission")


def test_every_template_becomes_a_role(tenant: Tenant) -> None:
    listed = {row["key"]: row for row in tenant.client.get("/api/identity/role-templates").json()}
    assert set(listed) >= TEMPLATES
    for key, template in listed.items():
        made = tenant.client.post(f"{ROLES}:from-template", json={"template_key": key})
        assert made.status_code == 201
        assert made.json()["name"] == template["name"]
        assert made.json()["permissions"] == sorted(template["permissions"])
    again = tenant.client.post(f"{ROLES}:from-template", json={"template_key": "auditor"})
    assert (again.status_code, again.json()["code"]) == (409, "role_name_taken")
    named = tenant.client.post(f"{ROLES}:from-template", json={"template_key": "auditor", "name": "reader"})
    assert (named.status_code, named.json()["name"]) == (201, "reader")
    unknown = tenant.client.post(f"{ROLES}:from-template", json={"template_key": "pilot"})
    assert unknown.status_code == 404


def test_an_auditor_changes_nothing(tenant: Tenant) -> None:
    listed = tenant.client.get("/api/identity/role-templates").json()
    (auditor,) = (row for row in listed if row["key"] == "auditor")
    assert {name.rpartition(".")[2] for name in auditor["permissions"]} == {"read", "view"}


def test_a_role_is_bound_and_unbound(tenant: Tenant) -> None:
    user, role = make_user(tenant), make_role(tenant, "identity.read")
    client = tenant.with_token(tenant.login(user["username"]))
    path = f"{USERS}/{user['id']}/roles/{role['id']}"
    assert client.get(USERS).status_code == 403
    assert tenant.client.post(path).status_code == 204
    assert tenant.client.post(path).status_code == 204, "twice is once"
    assert client.get(USERS).status_code == 200, "from the next request on"
    assert [r["id"] for r in tenant.client.get(f"{USERS}/{user['id']}/roles").json()] == [role["id"]]
    assert client.get("/api/identity/me").json()["permissions"] == ["identity.read"]
    assert tenant.client.delete(path).status_code == 204
    assert tenant.client.delete(path).status_code == 204
    assert client.get(USERS).status_code == 403
    unknown = f"{USERS}/{user['id']}/roles/{uuid4()}"
    assert tenant.client.post(unknown).json()["code"] == "role_not_found"
    assert tenant.client.post(f"{USERS}/{uuid4()}/roles/{role['id']}").json()["code"] == "user_not_found"


def test_a_changed_or_deleted_role_holds_from_the_next_request_on(tenant: Tenant) -> None:
    user, role = make_user(tenant), make_role(tenant, "identity.read")
    tenant.client.post(f"{USERS}/{user['id']}/roles/{role['id']}")
    client = tenant.with_token(tenant.login(user["username"]))
    assert client.get(USERS).status_code == 200
    tenant.client.patch(f"{ROLES}/{role['id']}", json={"permissions": ["events.read"]})
    assert client.get(USERS).status_code == 403
    tenant.client.patch(f"{ROLES}/{role['id']}", json={"permissions": ["identity.read"]})
    assert client.get(USERS).status_code == 200
    assert tenant.client.delete(f"{ROLES}/{role['id']}").status_code == 204
    assert client.get(USERS).status_code == 403


def test_batch_bind_says_what_became_of_each(tenant: Tenant, rival: Tenant) -> None:
    user = make_user(tenant)
    first, second = make_role(tenant, "assets.read"), make_role(tenant)
    foreign, unknown = make_role(rival, "assets.read")["id"], str(uuid4())
    tenant.client.post(f"{USERS}/{user['id']}/roles/{first['id']}")
    ids = [unknown, second["id"], first["id"], foreign, second["id"]]
    answer = tenant.client.post(f"{USERS}/{user['id']}/roles:batch-bind", json={"role_ids": ids})
    assert answer.status_code == 200
    assert answer.json() == {
        "user_id": user["id"],
        "requested_count": 4,
        "bound_count": 1,
        "already_bound_count": 1,
        "denied_count": 0,
        "missing_count": 2,
        "results": [
            {"role_id": unknown, "status": "not_found"},
            {"role_id": second["id"], "status": "bound"},
            {"role_id": first["id"], "status": "already_bound"},
            {"role_id": foreign, "status": "not_found"},
        ],
    }
    nobody = tenant.client.post(f"{USERS}/{uuid4()}/roles:batch-bind", json={"role_ids": ids})
    assert nobody.status_code == 404


def test_a_role_of_everything_grants_what_later_releases_bring(tenant: Tenant) -> None:
    role = make_role(tenant, "*")
    assert role["permissions"] == ["*"]
    user = make_user(tenant)
    tenant.client.post(f"{USERS}/{user['id']}/roles/{role['id']}")
    client = tenant.with_token(tenant.login(user["username"]))
    catalogue = {row["name"] for row in tenant.client.get("/api/identity/permissions").json()}
    assert set(client.get("/api/identity/me").json()["permissions"]) == catalogue | {"*"}
