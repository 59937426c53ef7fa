"""Tenancy: what belongs to one tenant does not exist for another."""

from typing import Any

from blackbox.facts import Facts
from blackbox.tenants import Tenant

DRONE = {"name": "Kestrel-1", "vendor": "FAKE"}
ASSET = {"asset_type": "UAV", "asset_code": "UAV-1", "name": "Airframe 1"}


def play(facts: Facts, ours: Tenant, theirs: Tenant) -> None:
    drone, asset = ours.api.post("/api/registry/drones", DRONE), ours.api.post("/api/assets", ASSET)
    user = ours.user("operator")
    role = ours.role("viewer", "assets.read")
    order = ours.api.post("/api/assets/maintenance/workorders", {"asset_id": asset["id"], "title": "Check"})
    _foreign_reads(
        facts,
        theirs,
        f"/api/registry/drones/{drone['id']}",
        f"/api/assets/{asset['id']}",
        f"/api/assets/maintenance/workorders/{order['id']}",
        f"/api/identity/users/{user['id']}",
        f"/api/identity/roles/{role}",
        f"/api/identity/tenants/{ours.id}",
    )
    _foreign_writes(facts, theirs, drone, asset, user["id"], role)
    seen = {row["id"] for row in theirs.api.pages("/api/assets") + theirs.api.pages("/api/registry/drones")}
    facts.equal("rows of A in B's lists", len(seen & {drone["id"], asset["id"]}), 0)
    twin = theirs.api.post("/api/assets", ASSET)
    facts.fact("B may use A's asset code", twin["asset_code"], holds=twin["tenant_id"] == theirs.id)


def _foreign_reads(facts: Facts, theirs: Tenant, *paths: str) -> None:
    statuses = [theirs.api.send("GET", path).status_code for path in paths]
    facts.equal(f"B reads {len(paths)} things of A by id", statuses, [404] * len(paths))


def _foreign_writes(
    facts: Facts, theirs: Tenant, drone: dict[str, Any], asset: dict[str, Any], user_id: str, role_id: str
) -> None:
    path = f"/api/assets/{asset['id']}"
    tried = [
        theirs.api.send("PATCH", f"/api/registry/drones/{drone['id']}", {"name": "mine"}),
        theirs.api.send("DELETE", f"/api/registry/drones/{drone['id']}"),
        theirs.api.send("POST", f"{path}/retire", {"reason": "mine"}),
        theirs.api.send("POST", f"{path}/availability", {"availability_status": "UNAVAILABLE"}),
        theirs.api.send("DELETE", f"/api/identity/users/{user_id}"),
        theirs.api.send("POST", f"/api/identity/users/{theirs.admin_id}/roles/{role_id}"),
    ]
    statuses = [answer.status_code for answer in tried]
    facts.equal(f"B writes to {len(tried)} things of A", statuses, [404] * len(tried))
    own = theirs.api.post("/api/assets", ASSET | {"asset_code": "UAV-9"})
    bind = theirs.api.send("POST", f"/api/assets/{own['id']}/bind", {"bound_to_drone_id": drone["id"]})
    facts.equal("B installs its own asset in A's drone", bind.status_code, 404)
    body = {"role_ids": [role_id]}
    bound = theirs.api.post(f"/api/identity/users/{theirs.admin_id}/roles:batch-bind", body, 200)
    facts.equal("B batch-binds A's role", bound["results"][0]["status"], "not_found")
    theirs.api.post(f"/api/assets/{own['id']}/retire", {"reason": "was only needed here"}, 200)
