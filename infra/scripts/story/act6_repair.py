"""The alert becomes work, and the work done closes the alert."""

from story.world import World

TITLE = "Repair"
ORDERS = "/api/assets/maintenance/workorders"
ALERTS = "/api/observability/alerts"


def play(world: World) -> None:
    found = world.remembered.get("alert")
    world.facts.part("work because of the alert", 4, (lambda: _repair(world, found)) if found else None, _WHY)


_WHY = "for nothing was discovered in act 4"


def _repair(world: World, alert_id: str) -> None:
    api, facts = world.fleet.api, world.facts
    uav = world.remembered["uav"]
    order = api.post(
        f"/api/assets/{uav}:open-work-order",
        {"alert_id": alert_id, "title": "Replace the cells", "blocks_asset": True},
    )
    linked = api.get(f"{ALERTS}/{alert_id}")["work_ref"]
    facts.equal("open work from the alert", linked, f"workorder:{order['id']}")
    facts.equal("UAV-001 is", api.get(f"/api/assets/{uav}")["availability_status"], "MAINTENANCE")
    api.post(f"{ORDERS}/{order['id']}/close", {"note": "cells replaced"}, 200)
    facts.equal(
        "the work is done: UAV-001 is", api.get(f"/api/assets/{uav}")["availability_status"], "AVAILABLE"
    )
    closed = api.get(f"{ALERTS}/{alert_id}")
    facts.equal(
        "and the alert", (closed["status"], closed["work_ref"]), ("CLOSED", f"workorder:{order['id']}")
    )
