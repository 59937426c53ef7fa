"""Smoke test over HTTP: a tenant, a drone through its whole life, an asset, and the bad input everybody sends.

Needs APP_BASE_URL, or runs as `infra/dev verify smoke`. Exit code 1 when a fact fails.
"""

import sys

from blackbox.api import Api, base_url
from blackbox.facts import Facts
from blackbox.run import run
from blackbox.tenants import Tenant, make_tenant, wait_ready

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"
SELF_SERVED = ("/docs", "/openapi.json", "/metrics", "/")


def play(facts: Facts) -> None:
    anonymous = Api(base_url())
    up(facts, anonymous)
    tenant = make_tenant(anonymous.base_url, "Smoke")
    signed_in(facts, anonymous, tenant)
    drone_life(facts, tenant.api)
    asset_life(facts, tenant.api)
    bad_input(facts, tenant.api)


def up(facts: Facts, api: Api) -> None:
    wait_ready(api)
    facts.equal("GET /healthz", api.get("/healthz"), {"status": "ok"})
    ready = api.get("/readyz")
    checks = ready["checks"]
    holds = ready["status"] == "ready" and checks["db"] == "ok" and checks["redis"] in {"ok", "degraded"}
    facts.fact("GET /readyz", checks, holds=holds)
    for path in SELF_SERVED:
        facts.equal(f"GET {path} without signing in", api.send("GET", path).status_code, 200)


def signed_in(facts: Facts, anonymous: Api, tenant: Tenant) -> None:
    facts.equal("GET /api/assets without signing in", anonymous.send("GET", "/api/assets").status_code, 401)
    me = tenant.api.get("/api/identity/me")
    facts.equal("GET /api/identity/me", me["principal"]["name"], "admin")
    again = {"tenant_id": tenant.id, "username": "second", "password": "another-long-password"}
    second = anonymous.send("POST", "/api/identity/bootstrap-admin", again)
    facts.equal("a second bootstrap of the same tenant", second.status_code, 409)


def drone_life(facts: Facts, api: Api) -> None:
    path = "/api/registry/drones"
    body = {"name": "Smoke-1", "vendor": "FAKE", "capabilities": {"camera": True}}
    drone = api.post(path, body)
    facts.equal("POST /api/registry/drones", drone["name"], "Smoke-1")
    facts.equal("the same name again", api.send("POST", path, body).status_code, 409)
    facts.fact("GET /api/registry/drones", "listed", holds=drone["id"] in ids(api.get(path)))
    one = f"{path}/{drone['id']}"
    facts.equal("GET /api/registry/drones/{id}", api.get(one)["id"], drone["id"])
    facts.equal("the same path under /api/v1", api.get(one.replace("/api/", "/api/v1/"))["id"], drone["id"])
    merged = api.patch(one, {"capabilities": {"lidar": True}})["capabilities"]
    facts.equal("PATCH merges capabilities", merged, {"camera": True, "lidar": True})
    api.delete(one)
    facts.equal("DELETE, then GET", api.send("GET", one).status_code, 404)
    facts.fact("it is listed no more", "not listed", holds=drone["id"] not in ids(api.get(path)))


def asset_life(facts: Facts, api: Api) -> None:
    body = {"asset_type": "UAV", "asset_code": "SMOKE-1", "name": "Smoke airframe", "region_code": "SMOKE"}
    asset = api.post("/api/assets", body)
    path = f"/api/assets/{asset['id']}"
    facts.equal("POST /api/assets", asset["lifecycle_status"], "REGISTERED")
    facts.equal("GET /api/assets/{id}", api.get(path)["availability_status"], "AVAILABLE")
    retired = api.post(f"{path}/retire", {"reason": "end of the smoke test"}, 200)
    facts.equal("POST /api/assets/{id}/retire", retired["lifecycle_status"], "RETIRED")
    facts.equal("a retired asset is not in the pool", ids(api.get("/api/assets/pool")), [])


def bad_input(facts: Facts, api: Api) -> None:
    for asked, answer, status in (
        ("an unknown id", api.send("GET", f"/api/assets/{UNKNOWN_ID}"), 404),
        ("an unknown query parameter", api.send("GET", "/api/assets", params={"colour": "red"}), 400),
        ("an unknown word", api.send("GET", "/api/assets", params={"asset_type": "ZEPPELIN"}), 422),
        ("a body without its fields", api.send("POST", "/api/assets", {"name": "nameless"}), 422),
    ):
        kind = answer.headers["content-type"]
        holds = answer.status_code == status and kind.startswith("application/problem+json")
        facts.fact(asked, f"{answer.status_code} {answer.json()['code']}", holds=holds)


def ids(rows: list[dict[str, str]]) -> list[str]:
    return [row["id"] for row in rows]


if __name__ == "__main__":
    sys.exit(run(play))
