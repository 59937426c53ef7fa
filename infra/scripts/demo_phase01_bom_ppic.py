"""Phase 01: an inspection drone from its parts list to aircraft in the fleet ledger that know what is in them.

Needs APP_BASE_URL, or runs as `infra/dev demo phase01`. Exit code 1 when a fact fails.
"""

import sys
from decimal import Decimal
from typing import Any

import httpx
from blackbox.api import PATIENCE_SECONDS, Api, Unexpected, base_url
from blackbox.facts import Facts
from blackbox.run import run
from blackbox.tenants import make_tenant, wait_ready
from phase01 import product
from phase01.product import BATTERY, BOLT, THERMAL, VISUAL

ITEMS, BOM, STOCK = "/api/warehouse/items", "/api/warehouse/bom", "/api/warehouse/stock"
TASKS, KANBAN = "/api/ppic/tasks", "/api/ppic/kanban"
DRONES = 4


class Works:
    """The plant of one tenant. `ids`: of items by code; `boms`: of bills of materials by product code."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.ids: dict[str, str] = {}
        self.boms: dict[str, str] = {}

    def upload(self, name: str, text: str) -> Any:
        """The plan of an import."""
        answer = httpx.post(
            f"{self.api.base_url}/api/warehouse/imports",
            files={"file": (name, text)},
            headers={"Authorization": f"Bearer {self.api.token}"},
            timeout=PATIENCE_SECONDS,
        )
        if answer.status_code != 201:
            raise Unexpected(answer, 201)
        return answer.json()

    def apply(self, plan: Any) -> Any:
        return self.api.post(f"/api/warehouse/imports/{plan['id']}:apply", {}, 200)

    def receive(self, code: str, quantity: object, **fields: object) -> Any:
        body = {"item_id": self.ids[code], "quantity": str(quantity), "move_type": "RECEIVE"} | fields
        return self.api.post(f"{STOCK}/moves", body)

    def on_hand(self, code: str) -> Decimal:
        rows = self.api.pages(STOCK, item_id=self.ids[code])
        return sum((Decimal(row["on_hand"]) for row in rows), Decimal(0))

    def task(self, code: str, quantity: int, **fields: object) -> Any:
        return self.api.post(TASKS, {"product_id": self.ids[code], "qty_planned": quantity} | fields)

    def act(self, task: Any, action: str, body: object = None) -> Any:
        return self.api.post(f"{TASKS}/{task['id']}/{action}", body, 200)


def play(facts: Facts) -> None:
    with Api(base_url()) as anonymous:
        wait_ready(anonymous)
    works = Works(make_tenant(base_url(), "Phase 01").api)
    engineer(facts, works)
    explode(facts, works)
    stock(facts, works)
    sub_assemblies(facts, works)
    task = assembly(facts, works)
    fleet(facts, works, task)
    replenishment(facts, works)


def engineer(facts: Facts, works: Works) -> None:
    facts.heading("The product")
    codes = product.parts()
    facts.fact(
        "parts, and levels below the product", (len(codes), product.depth(VISUAL)), holds=len(codes) >= 60
    )
    plan = works.upload("items.csv", product.items_csv())
    facts.equal("plan the items: new, wrong", (plan["create_count"], plan["error_count"]), (len(codes), 0))
    facts.equal("nothing is written yet", works.api.pages(ITEMS), [])
    works.apply(plan)
    works.ids = {row["code"]: row["id"] for row in works.api.pages(ITEMS)}
    facts.equal("apply the plan", len(works.ids), len(codes))
    broken = works.upload("lines.csv", product.lines_csv() + "MOTOR-UNIT,SKY-V,1,false,990\n")
    facts.fact(
        "plan the structure with a loop in it: refused",
        broken["errors"][0]["code"],
        holds=broken["error_count"] > 0,
    )
    works.apply(works.upload("lines.csv", product.lines_csv()))
    works.boms = {row["product_code"]: row["id"] for row in works.api.pages(BOM)}
    facts.equal("apply it without: bills of materials", len(works.boms), len(product.STRUCTURE))
    again = works.upload("lines.csv", product.lines_csv())
    facts.equal("the same file again changes", again["create_count"] + again["update_count"], 0)
    for code in (VISUAL, THERMAL):
        works.api.patch(f"{ITEMS}/{works.ids[code]}", {"asset_type": "UAV"})


def explode(facts: Facts, works: Works) -> None:
    facts.heading("What it is made of")
    for code in (VISUAL, THERMAL):
        rows = works.api.get(f"{BOM}/{works.boms[code]}/explode", flat="true")
        found = {row["code"]: Decimal(row["quantity"]) for row in rows if row["code"] != code}
        wanted = dict(product.needs(code))
        facts.fact(
            f"{code}: every quantity as added up by hand", f"{len(found)} parts", holds=found == wanted
        )
    uses = works.api.get(f"{ITEMS}/{works.ids['IMU']}/where-used")
    places = {row["code"] for row in uses}
    facts.equal("the IMU is in both variants", {VISUAL, THERMAL, "GIMBAL", "FC-STACK"} <= places, True)
    loop = {"component_id": works.ids[VISUAL], "qty_needed": "1"}
    answer = works.api.send(
        "PUT", f"{BOM}/{works.boms['MOTOR-UNIT']}", {"lines": [loop], "revision_reason": "a mistake"}
    )
    facts.equal("put the drone into its own motor", answer.status_code, 409)


def stock(facts: Facts, works: Works) -> None:
    facts.heading("Stock")
    needed = product.needs(VISUAL, Decimal(DRONES))
    for code in product.bought():
        if code == BATTERY:
            for number in range(1, DRONES + 1):
                works.receive(BATTERY, 1, lot_code=f"BAT-{number:03d}")
        else:
            works.receive(code, needed[code] + 24 if needed[code] else 1)
    facts.equal("bolts received", works.on_hand(BOLT), needed[BOLT] + 24)
    buildable = works.api.get(f"{BOM}/{works.boms[VISUAL]}/max-buildable")
    facts.equal("drones that can be built of what is there", buildable["quantity"], DRONES)
    taken = works.api.send(
        "POST",
        f"{STOCK}/moves",
        {"item_id": works.ids["FUSE-60A"], "quantity": 1000, "move_type": "ISSUE"},
    )
    facts.equal(
        "take a thousand fuses", (taken.status_code, taken.json()["code"]), (409, "insufficient_stock")
    )


def sub_assemblies(facts: Facts, works: Works) -> None:
    facts.heading("Sub-assemblies, wave by wave")
    needed = product.needs(VISUAL, Decimal(DRONES))
    for wave in product.WAVES:
        tasks = [works.task(code, int(needed[code]), department="Assembly") for code in wave]
        ids = {"task_ids": [task["id"] for task in tasks]}
        for action in ("approve", "start", "complete"):
            done = works.api.post(f"{TASKS}/batch/{action}", ids, 200)
            if done["failed"]:
                facts.equal(f"{action} {', '.join(wave)}", done["failed"], 0)
        built = {code: works.on_hand(code) for code in wave}
        facts.fact(
            f"built {', '.join(wave)}",
            " ".join(str(count) for count in built.values()),
            holds=built == {code: Decimal(needed[code]) for code in wave},
        )
    nothing = {"task_ids": [works.task("ARM", 1)["id"], works.ids["ARM"]]}
    failed = works.api.send("POST", f"{TASKS}/batch/approve", nothing)
    draft = works.api.get(f"{TASKS}/{nothing['task_ids'][0]}")
    facts.equal(
        "a batch with one unknown task changes none", (failed.status_code, draft["status"]), (409, "DRAFT")
    )


def assembly(facts: Facts, works: Works) -> Any:
    facts.heading("Final assembly")
    steps = [
        {"code": "ASSEMBLE", "name": "Assemble", "after": []},
        {"code": "TEST", "name": "Flight test", "after": ["ASSEMBLE"]},
    ]
    works.api.post(
        "/api/ppic/routings", {"product_id": works.ids[VISUAL], "name": "Standard", "operations": steps}
    )
    task = works.task(VISUAL, DRONES, department="Assembly", batch_number="SKY-2026")
    change_lines(works)
    approved = works.act(task, "approve", {"notes": "Order 4711"})
    facts.equal("approve: material", (approved["material_status"], approved["shortages"]), ("READY", []))
    released = works.api.get(f"{BOM}/{works.boms[VISUAL]}")
    facts.fact(
        "another revision was released meanwhile; the task keeps its own",
        (released["revision_number"], approved["revision_id"]),
        holds=approved["bom_hash"] == task["bom_hash"] != released["content_hash"],
    )
    second = works.act(works.task(VISUAL, 1), "approve")
    facts.fact(
        "approve a fifth: nothing is promised twice",
        (second["material_status"], len(second["shortages"])),
        holds=second["material_status"] != "READY" and len(second["shortages"]) > 0,
    )
    works.act(task, "start")
    work = {row["code"]: row for row in works.api.pages("/api/ppic/work-orders", task_id=task["id"])}
    report(works, work["ASSEMBLE"], good=DRONES)
    report(works, work["TEST"], good=DRONES - 1, scrap=1, reason="Frame cracked on landing")
    tested = works.api.get(f"/api/ppic/work-orders/{work['TEST']['id']}")
    facts.equal(
        "flight test: in, good, scrap",
        [tested[f"qty_{name}"] for name in ("input", "good", "scrap")],
        [str(DRONES), str(DRONES - 1), "1"],
    )
    done = {"actual_quantity": DRONES - 1}
    refused = works.api.send("POST", f"{TASKS}/{task['id']}/complete", done)
    facts.equal("complete with a quarter missing", refused.status_code, 409)
    done |= {"variance_override": True, "quality_notes": "One scrapped in flight test"}
    completed = works.act(task, "complete", done)
    facts.equal(
        "with an override and a reason",
        (completed["status"], completed["variance_class"]),
        ("COMPLETED", "MAJOR"),
    )
    return completed


def change_lines(works: Works) -> None:
    """The engineers release another revision while the order is open."""
    lines = [
        {"component_id": works.ids[code], "qty_needed": str(each), "is_phantom": phantom}
        for code, each, phantom in product.lines(VISUAL)
    ]
    more = {"component_id": works.ids["ZIP-TIE"], "qty_needed": "5"}
    works.api.put(
        f"{BOM}/{works.boms[VISUAL]}", {"lines": [*lines, more], "revision_reason": "Cables came loose"}
    )


def report(works: Works, work: Any, **counts: object) -> None:
    path = f"/api/ppic/work-orders/{work['id']}"
    works.api.post(f"{path}:start", {}, 200)
    works.api.post(f"{path}:report", counts, 200)


def fleet(facts: Facts, works: Works, task: Any) -> None:
    facts.heading("Aircraft")
    assets = works.api.pages("/api/assets", sort="asset_code")
    codes = [row["asset_code"] for row in assets]
    facts.equal("registered in the same transaction", codes, [f"SKY-2026-{n:04d}" for n in range(1, DRONES)])
    batteries = []
    for asset in assets:
        built = works.api.get(f"/api/assets/{asset['id']}/as-built")
        batteries += [part for part in built["parts"] if part["item_code"] == BATTERY]
        facts.equal(f"{asset['asset_code']} was built by the task", built["task_id"], task["id"])
    serials = [part["lot_code"] for part in batteries]
    facts.equal("each has a battery of its own", len(set(serials)), DRONES - 1)
    facts.equal("batteries in stock", works.on_hand(BATTERY), Decimal(0))
    checked = works.api.get(f"{STOCK}:verify")
    facts.equal(
        "every balance is the sum of its moves", (checked["sound"], checked["differences"]), (True, [])
    )


def replenishment(facts: Facts, works: Works) -> None:
    facts.heading("Kanban")
    limits = {"department": "Assembly", "limit_requested": 1}
    board = works.api.post(f"{KANBAN}/boards", limits)
    left = works.on_hand(BOLT)
    rule = {"board_id": board["id"], "item_id": works.ids[BOLT], "reorder_point": str(left - 2)}
    works.api.post(f"{KANBAN}/rules", rule | {"order_quantity": "500"})
    facts.equal("bolts above the reorder point: cards", len(works.api.pages(f"{KANBAN}/cards")), 0)
    threshold = {"item_id": works.ids[BOLT], "minimum": str(left - 1)}
    works.api.post("/api/warehouse/alerts/thresholds", threshold)
    taken = {"item_id": works.ids[BOLT], "quantity": 2, "move_type": "ISSUE"}
    works.api.post(f"{STOCK}/moves", taken)
    (card,) = works.api.pages(f"{KANBAN}/cards/all", status="Requested")
    facts.equal("take two: a card asks for", (card["product_code"], card["qty_requested"]), (BOLT, "500"))
    (alert,) = works.api.pages("/api/warehouse/alerts/active")
    facts.equal("and an alert says how many there are", Decimal(alert["quantity"]), left - 2)
    more = {"product_id": works.ids["ZIP-TIE"], "qty_requested": 100, "department": "Assembly"}
    full = works.api.send("POST", f"{KANBAN}/cards", more)
    members = {name: full.json().get(name) for name in ("current", "limit")}
    facts.equal(
        "a second card: the lane is full", (full.status_code, members), (409, {"current": 1, "limit": 1})
    )
    for action in ("approve", "ship", "receive"):
        card = works.api.post(f"{KANBAN}/cards/{card['id']}/{action}", {}, 200)
    facts.equal("approve, ship, receive", (card["status"], card["qty_received"]), ("RECEIVED", "500"))
    works.receive(BOLT, 500)
    facts.equal("the bolts are booked: alerts", works.api.pages("/api/warehouse/alerts/active"), [])


if __name__ == "__main__":
    sys.exit(run(play))
