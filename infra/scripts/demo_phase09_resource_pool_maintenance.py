"""Phase 09: the resource pool by region, and maintenance from a work order's opening to its history.

Needs APP_BASE_URL, or runs as `infra/dev demo phase09`. Exit code 1 when a fact fails.
"""

import sys

from blackbox.api import Api, base_url
from blackbox.facts import Facts
from blackbox.run import run
from blackbox.tenants import make_tenant, wait_ready

EAST, WEST = "REGION-EAST", "REGION-WEST"
ORDERS = "/api/assets/maintenance/workorders"


def play(facts: Facts) -> None:
    with Api(base_url()) as anonymous:
        wait_ready(anonymous)
    api = make_tenant(base_url(), "Phase 09").api
    drone = api.post("/api/registry/drones", {"name": "Kestrel-1", "vendor": "FAKE"})
    uav = register(api, "UAV", "UAV-1", EAST)
    battery = register(api, "BATTERY", "BAT-1", EAST)
    spare = register(api, "UAV", "UAV-2", WEST)
    bind(facts, api, drone["id"], uav, battery)
    availability_and_health(facts, api, uav, battery, spare)
    pool(facts, api)
    maintenance(facts, api, uav)
    summary(facts, api, spare)


def register(api: Api, kind: str, code: str, region: str) -> str:
    body = {"asset_type": kind, "asset_code": code, "name": f"{kind} {code}", "region_code": region}
    return str(api.post("/api/assets", body)["id"])


def bind(facts: Facts, api: Api, drone_id: str, uav: str, battery: str) -> None:
    body = {"bound_to_drone_id": drone_id}
    for name, asset in (("UAV", uav), ("battery", battery)):
        bound = api.post(f"/api/assets/{asset}/bind", body, 200)
        holds = bound["lifecycle_status"] == "BOUND" and bound["bound_to_drone_id"] == drone_id
        facts.fact(f"bind the {name} to Kestrel-1", bound["lifecycle_status"], holds=holds)
    again = api.post(f"/api/assets/{uav}/bind", body, 200)
    facts.equal("bind it to the same drone again", again["lifecycle_status"], "BOUND")
    delete = api.send("DELETE", f"/api/registry/drones/{drone_id}")
    facts.equal("delete the drone while assets are in it", delete.status_code, 409)


def availability_and_health(facts: Facts, api: Api, uav: str, battery: str, spare: str) -> None:
    stated = api.post(f"/api/assets/{spare}/availability", {"availability_status": "UNAVAILABLE"}, 200)
    facts.equal("state the spare UNAVAILABLE", stated["availability_status"], "UNAVAILABLE")
    facts.equal("its region is kept", stated["region_code"], WEST)
    cleared = api.post(f"/api/assets/{spare}/availability", {"availability_status": "AVAILABLE"}, 200)
    facts.equal("state it AVAILABLE", cleared["availability_status"], "AVAILABLE")
    for asset, score in ((uav, 92), (battery, 71)):
        body = {"health_status": "HEALTHY", "health_score": score}
        reported = api.post(f"/api/assets/{asset}/health", body, 200)
        facts.equal(
            f"report health {score}",
            (reported["health_status"], reported["health_score"]),
            ("HEALTHY", score),
        )
    wrong = api.send("POST", f"/api/assets/{uav}/health", {"health_status": "HEALTHY", "health_score": 101})
    facts.equal("report health 101", wrong.status_code, 422)


def pool(facts: Facts, api: Api) -> None:
    facts.equal(f"who is available in {EAST}", found(api, region_code=EAST), ["BAT-1", "UAV-1"])
    facts.equal("and at least 90 healthy", found(api, region_code=EAST, min_health_score=90), ["UAV-1"])
    facts.equal("and a battery", found(api, region_code=EAST, asset_type="BATTERY"), ["BAT-1"])


def maintenance(facts: Facts, api: Api, uav: str) -> None:
    order = api.post(ORDERS, {"asset_id": uav, "title": "Replace front-left motor", "priority": 2})
    facts.equal("open a work order", order["status"], "OPEN")
    path = f"{ORDERS}/{order['id']}"
    started = api.post(f"{path}/transition", {"status": "IN_PROGRESS"}, 200)
    facts.equal("begin the work", started["status"], "IN_PROGRESS")
    facts.equal("the UAV is", api.get(f"/api/assets/{uav}")["availability_status"], "MAINTENANCE")
    facts.equal(f"who is available in {EAST} meanwhile", found(api, region_code=EAST), ["BAT-1"])
    retire = api.send("POST", f"/api/assets/{uav}/retire", {"reason": "too early"})
    facts.equal("retire it now", (retire.status_code, len(retire.json()["blockers"]) > 0), (409, True))
    closed = api.post(f"{path}/close", {"note": "motor replaced"}, 200)
    facts.equal("close the work order", closed["status"], "CLOSED")
    facts.equal("the UAV is", api.get(f"/api/assets/{uav}")["availability_status"], "AVAILABLE")
    facts.equal("close it again", api.send("POST", f"{path}/close", {}).status_code, 409)
    history = [entry["action"] for entry in api.get(f"{path}/history")]
    facts.equal("its history", history, ["created", "status_changed", "closed"])


def summary(facts: Facts, api: Api, spare: str) -> None:
    api.post(f"/api/assets/{spare}/availability", {"availability_status": "UNAVAILABLE"}, 200)
    rows = {row["region_code"]: row for row in api.get("/api/assets/pool/summary")}
    shown = {code: (row["total_assets"], row["available_assets"]) for code, row in rows.items()}
    facts.equal("total and available by region", shown, {EAST: (2, 2), WEST: (1, 0)})
    facts.equal(f"mean health in {EAST}", rows[EAST]["average_health_score"], 81.5)


def found(api: Api, **wanted: object) -> list[str]:
    return sorted(row["asset_code"] for row in api.pages("/api/assets/pool", **wanted))


if __name__ == "__main__":
    sys.exit(run(play))
