"""A fleet serves: installation, the pool, sixteen clients for one aircraft, a breakdown."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import httpx
from blackbox.api import Api

from story.world import World, now

TITLE = "Serve"
CLIENTS = 16
EAST, WEST = "REGION-EAST", "REGION-WEST"
ORDERS = "/api/assets/maintenance/workorders"
RESERVATIONS = "/api/assets/reservations"


def play(world: World) -> None:
    uavs = [
        _register(world.dispatcher, f"UAV-{number:03}", (EAST, WEST)[number % 2]) for number in range(1, 5)
    ]
    world.remembered["uav"] = uavs[0]["id"]
    _bind(world, uavs)
    _pool(world, uavs)
    booked = _sixteen(world, uavs[0]["id"])
    _breakdown(world, uavs[0]["id"], booked)


def _register(api: Api, code: str, region: str) -> dict[str, Any]:
    body = {"asset_type": "UAV", "asset_code": code, "name": f"Kestrel {code}", "serial_number": f"KS-{code}"}
    made: dict[str, Any] = api.post("/api/assets", body | {"region_code": region})
    return made


def _bind(world: World, uavs: list[dict[str, Any]]) -> None:
    kestrel, merlin = (
        world.fleet.api.post("/api/registry/drones", {"name": name, "vendor": "MAVLINK"})
        for name in ("Kestrel-1", "Merlin-1")
    )
    path = f"/api/assets/{uavs[0]['id']}/bind"
    bound = world.dispatcher.post(path, {"bound_to_drone_id": kestrel["id"]}, 200)
    world.facts.equal("install UAV-001 in Kestrel-1", bound["lifecycle_status"], "BOUND")
    again = world.dispatcher.send("POST", path, {"bound_to_drone_id": kestrel["id"]})
    world.ledger.forget(again)
    world.facts.equal("the same again", again.status_code, 200)
    elsewhere = world.dispatcher.send("POST", path, {"bound_to_drone_id": merlin["id"]})
    code = elsewhere.json()["code"]
    world.facts.equal(
        "install it in Merlin-1 as well", (elsewhere.status_code, code), (409, "asset_installed_elsewhere")
    )


def _pool(world: World, uavs: list[dict[str, Any]]) -> None:
    for uav in uavs:
        body = {"health_status": "HEALTHY", "health_score": 90}
        world.dispatcher.post(f"/api/assets/{uav['id']}/health", body, 200)
    rows = world.dispatcher.get("/api/assets/pool/summary")
    shown = {
        row["region_code"]: (row["total_assets"], row["available_assets"], row["healthy_assets"])
        for row in rows
        if row["region_code"] in {EAST, WEST}
    }
    world.facts.equal("pool summary: total, available, healthy", shown, {EAST: (2, 2, 2), WEST: (2, 2, 2)})


def _sixteen(world: World, asset_id: str) -> tuple[datetime, datetime]:
    """Sixteen clients want UAV-001 for the same two hours; returns those."""
    begins = (datetime.now(UTC) + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    ends = begins + timedelta(hours=2)
    body = {"asset_id": asset_id, "starts_at": begins.isoformat(), "ends_at": ends.isoformat()}
    start = Barrier(CLIENTS)

    def one(number: int) -> httpx.Response:
        with Api(world.base_url, world.dispatcher.token, world.observers) as client:
            client.get("/api/identity/me")  # connected before the race begins
            start.wait()
            return client.send("POST", RESERVATIONS, body | {"purpose": f"client {number}"})

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(one, range(CLIENTS)))
    statuses = Counter(answer.status_code for answer in answers)
    world.facts.equal(
        f"{CLIENTS} clients reserve UAV-001 for the same hours", dict(statuses), {201: 1, 409: 15}
    )
    lost = [answer.json() for answer in answers if answer.status_code == 409]
    window = {(_at(loser["conflict"]["starts_at"]), _at(loser["conflict"]["ends_at"])) for loser in lost}
    world.facts.fact(
        "each of the fifteen names the window in the way", lost[0]["detail"], holds=window == {(begins, ends)}
    )
    free = {_at(loser["next_free_at"]) for loser in lost}
    world.facts.fact("and the next free time", lost[0]["next_free_at"], holds=free == {ends})
    won = next(answer.json() for answer in answers if answer.status_code == 201)
    world.remembered["reservation"] = won["id"]
    later = body | {"starts_at": lost[0]["next_free_at"], "ends_at": (ends + timedelta(hours=2)).isoformat()}
    world.facts.equal(
        "a loser takes that time", world.dispatcher.send("POST", RESERVATIONS, later).status_code, 201
    )
    return begins, ends


def _breakdown(world: World, asset_id: str, booked: tuple[datetime, datetime]) -> None:
    """Breakdown beats a booking, and gives it back when the work is done."""
    api, facts = world.dispatcher, world.facts
    reservation = f"{RESERVATIONS}/{world.remembered['reservation']}"
    world.remembered["before"] = now()
    body = {
        "asset_id": asset_id,
        "title": "Cell voltage drops under load",
        "expected_end_at": booked[1].isoformat(),
    }
    order = api.post(ORDERS, body)
    world.remembered["order"] = order["id"]
    api.post(f"{ORDERS}/{order['id']}/transition", {"status": "IN_PROGRESS"}, 200)
    facts.equal("work on UAV-001 begins: it is", _availability(api, asset_id), "MAINTENANCE")
    facts.equal("the booking it overlaps is at risk", api.get(reservation)["at_risk"], True)
    pool = [
        row["asset_code"]
        for place in (EAST, WEST)
        for row in api.pages("/api/assets/pool", region_code=place)
    ]
    facts.equal("the pool of both regions", sorted(pool), ["UAV-002", "UAV-003", "UAV-004"])
    world.remembered["during"] = now()
    api.post(f"{ORDERS}/{order['id']}/close", {"note": "pack replaced"}, 200)
    facts.equal("the work is done: it is", _availability(api, asset_id), "AVAILABLE")
    facts.equal("the booking is at risk", api.get(reservation)["at_risk"], False)


def _availability(api: Api, asset_id: str) -> str:
    return str(api.get(f"/api/assets/{asset_id}")["availability_status"])


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
