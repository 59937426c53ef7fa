"""Fourteen aircraft from a parts list: planned, bought in two lots, built, and in the fleet with what is in them."""

from collections import Counter
from decimal import Decimal
from typing import Any

from demo_phase01_bom_ppic import BOM, ITEMS, TASKS, Works
from phase01 import product
from phase01.product import BATTERY, VISUAL

from story.world import World

TITLE = "Build"
LOTS = {"L-771": 9, "L-772": 5}
DRONES = sum(LOTS.values())
IMPORTS = "/api/warehouse/imports"


def play(world: World) -> None:
    works = Works(world.fleet.api)
    _plan(world, works)
    _understand(world, works)
    _buy(world, works)
    _build_parts(works)
    tasks = _approve(world, works)
    _finish(world, works, tasks)


def _plan(world: World, works: Works) -> None:
    facts, codes = world.facts, product.parts()
    items = product.items_csv().replace(
        f"{BATTERY},Battery 6s,RAW,pcs,SERIAL", f"{BATTERY},Battery 6s,RAW,pcs,LOT"
    )
    plan = works.upload("items.csv", items)
    facts.equal(
        f"plan {len(codes)} parts: new, wrong", (plan["create_count"], plan["error_count"]), (len(codes), 0)
    )
    works.apply(plan)
    works.apply(works.upload("lines.csv", product.lines_csv()))
    again = [
        works.upload(name, text) for name, text in (("items.csv", items), ("lines.csv", product.lines_csv()))
    ]
    changes = sum(each["create_count"] + each["update_count"] for each in again)
    facts.equal("plan the same files again: changes", changes, 0)
    works.ids = {row["code"]: row["id"] for row in works.api.pages(ITEMS)}
    works.boms = {row["product_code"]: row["id"] for row in works.api.pages(BOM)}
    works.api.patch(f"{ITEMS}/{works.ids[VISUAL]}", {"asset_type": "UAV"})


def _understand(world: World, works: Works) -> None:
    rows = works.api.get(f"{BOM}/{works.boms[VISUAL]}/explode", flat="true")
    found = {row["code"]: Decimal(row["quantity"]) for row in rows if row["code"] != VISUAL}
    same = found == dict(product.needs(VISUAL))
    world.facts.fact(
        "explode: as added up by hand", f"{len(found)} parts on {product.depth(VISUAL)} levels", holds=same
    )


def _buy(world: World, works: Works) -> None:
    needed = product.needs(VISUAL, Decimal(DRONES))
    for code in product.bought():
        if code != BATTERY and needed[code]:
            works.receive(code, needed[code])
    counted = []
    for lot, quantity in LOTS.items():
        works.receive(BATTERY, quantity, lot_code=lot)
        found = works.api.get(f"{BOM}/{works.boms[VISUAL]}/max-buildable")
        counted.append(found["quantity"])
        if lot == "L-771":
            limiting = [item["code"] for item in found["limiting"]]
            world.facts.equal(f"lot {lot} is here: what limits", limiting, [BATTERY])
    world.facts.equal("drones that can be built, then with L-772", counted, [9, DRONES])


def _build_parts(works: Works) -> None:
    needed = product.needs(VISUAL, Decimal(DRONES))
    for wave in product.WAVES:
        made = [works.task(code, int(needed[code]), department="Assembly") for code in wave]
        for action in ("approve", "start", "complete"):
            works.api.post(f"{TASKS}/batch/{action}", {"task_ids": [task["id"] for task in made]}, 200)


def _approve(world: World, works: Works) -> list[str]:
    """Two orders, one for each lot; approved together or not at all."""
    facts = world.facts
    tasks = [
        works.task(VISUAL, quantity, department="Assembly", batch_number=f"SKY-{lot}")["id"]
        for lot, quantity in LOTS.items()
    ]
    wrong = works.api.send("POST", f"{TASKS}/batch/approve", {"task_ids": [*tasks, works.ids[VISUAL]]})
    states = {works.api.get(f"{TASKS}/{task}")["status"] for task in tasks}
    facts.equal("approve both and one unknown: none is", (wrong.status_code, states), (409, {"DRAFT"}))
    kept = {row["reserved"] for row in works.api.pages("/api/warehouse/stock", item_id=works.ids[BATTERY])}
    facts.equal("and nothing is reserved", {Decimal(each) for each in kept}, {Decimal(0)})
    done = works.api.post(f"{TASKS}/batch/approve", {"task_ids": tasks}, 200)
    facts.equal("approve the two: failed", done["failed"], 0)
    return tasks


def _finish(world: World, works: Works, tasks: list[str]) -> None:
    facts = world.facts
    works.api.post(f"{TASKS}/batch/start", {"task_ids": tasks}, 200)
    quantities = dict(zip(tasks, LOTS.values(), strict=True))
    works.api.post(f"{TASKS}/batch/complete", {"task_ids": tasks, "quantities": quantities}, 200)
    built: list[dict[str, Any]] = [
        row for row in works.api.pages("/api/assets") if row["asset_code"].startswith("SKY-")
    ]
    facts.equal("aircraft in the fleet", len(built), DRONES)
    lots: Counter[str] = Counter()
    for asset in built:
        parts = works.api.get(f"/api/assets/{asset['id']}/as-built")["parts"]
        lots.update(part["lot_code"] for part in parts if part["item_code"] == BATTERY)
    facts.equal("with cells of the lots, which nobody typed", dict(lots), LOTS)
