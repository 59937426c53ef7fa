"""Permissions: roles grant, nobody grants more than they hold, and a change counts from the next request on."""

from blackbox.api import Api
from blackbox.facts import Facts
from blackbox.tenants import Tenant

ASSET = {"asset_type": "UAV", "name": "Airframe"}


def play(facts: Facts, ours: Tenant, _theirs: Tenant) -> None:
    _template(facts, ours)
    _narrow(facts, ours)
    _grants(facts, ours)
    _at_once(facts, ours)
    _keys(facts, ours)


def _template(facts: Facts, ours: Tenant) -> None:
    role = ours.api.post("/api/identity/roles:from-template", {"template_key": "dispatcher"})
    user = ours.user("dispatcher")
    path = f"/api/identity/users/{user['id']}/roles:batch-bind"
    bound = ours.api.post(path, {"role_ids": [role["id"]]}, 200)
    counts = (bound["requested_count"], bound["bound_count"], bound["denied_count"])
    facts.equal("batch-bind the dispatcher template: asked, bound, denied", counts, (1, 1, 0))
    again = ours.api.post(path, {"role_ids": [role["id"]]}, 200)
    facts.equal("and again", again["results"][0]["status"], "already_bound")
    dispatcher = ours.sign_in("dispatcher")
    facts.equal("the dispatcher registers an asset", _register(dispatcher, "D-1"), 201)
    refused = dispatcher.send("POST", "/api/identity/users", {"username": "x", "password": "a-long-password"})
    facts.equal(
        "the dispatcher makes a user",
        (refused.status_code, refused.json()["code"]),
        (403, "permission_denied"),
    )


def _narrow(facts: Facts, ours: Tenant) -> None:
    with Api(ours.api.base_url) as anonymous:
        facts.equal("without a token", anonymous.send("GET", "/api/assets").status_code, 401)
    with Api(ours.api.base_url, "nonsense") as forged:
        facts.equal("with a token of one's own making", forged.send("GET", "/api/assets").status_code, 401)
    ours.user("reader", ours.role("old reader", "registry.read"))
    reader = ours.sign_in("reader")
    facts.equal(
        "registry.read opens the assets (old clients)", reader.send("GET", "/api/assets").status_code, 200
    )
    facts.equal("but does not write them", _register(reader, "D-2"), 403)
    ours.user("nobody")
    facts.equal("a user without a role", ours.sign_in("nobody").send("GET", "/api/assets").status_code, 403)


def _grants(facts: Facts, ours: Tenant) -> None:
    ours.user("clerk", ours.role("clerk", "identity.read", "identity.write"))
    clerk = ours.sign_in("clerk")
    for name, permission in (("audit.read", "audit.read"), ("every permission", "*")):
        answer = clerk.send(
            "POST", "/api/identity/roles", {"name": f"more {name}", "permissions": [permission]}
        )
        facts.equal(f"a clerk makes a role with {name}, which it does not hold", answer.status_code, 403)
    unknown = ours.api.send(
        "POST", "/api/identity/roles", {"name": "odd", "permissions": ["platform.super_admin"]}
    )
    facts.equal("the administrator invents a permission", unknown.status_code, 422)


def _at_once(facts: Facts, ours: Tenant) -> None:
    role = ours.role("shift", "assets.read")
    user = ours.user("shift", role)
    worker = ours.sign_in("shift")
    facts.equal("a user reads", worker.send("GET", "/api/assets").status_code, 200)
    ours.api.patch(f"/api/identity/roles/{role}", {"permissions": ["maintenance.read"]})
    facts.equal(
        "its role loses the permission: the next request", worker.send("GET", "/api/assets").status_code, 403
    )
    ours.api.patch(f"/api/identity/users/{user['id']}", {"is_active": False})
    facts.equal(
        "the user is disabled: the next request", worker.send("GET", "/api/identity/me").status_code, 401
    )


def _keys(facts: Facts, ours: Tenant) -> None:
    key = ours.api.post("/api/identity/api-keys", {"name": "gateway", "scopes": ["assets.read"]})
    with Api(ours.api.base_url, key["secret"]) as gateway:
        facts.equal("an API key reads within its scope", gateway.send("GET", "/api/assets").status_code, 200)
        facts.equal("and not beyond", gateway.send("GET", "/api/identity/users").status_code, 403)
        ours.api.delete(f"/api/identity/api-keys/{key['id']}")
        facts.equal("revoked: the next request", gateway.send("GET", "/api/assets").status_code, 401)


def _register(api: Api, code: str) -> int:
    return api.send("POST", "/api/assets", ASSET | {"asset_code": code}).status_code
