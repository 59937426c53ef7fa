"""The loop: a finished serial becomes an asset that knows which lots and serials are in it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.manufacturing.plant import Plant, needs
from tests.manufacturing.warehouse import Json
from tests.support.fleet import refused
from tests.support.tenants import Tenant


class Factory:
    """A drone of one battery with a serial number, four rotors of a lot, and two bolts."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.battery = plant.warehouse.item(tracking="SERIAL")
        self.rotor = plant.warehouse.item(tracking="LOT")
        self.bolt = plant.raw(1000)
        for code in ("BAT-1", "BAT-2", "BAT-3"):
            plant.warehouse.receive(self.battery, 1, lot_code=code)
        plant.warehouse.receive(self.rotor, 6, lot_code="ROT-A")
        plant.warehouse.receive(self.rotor, 100, lot_code="ROT-B")
        self.drone = plant.product(
            needs(self.battery, 1),
            needs(self.rotor, 4),
            needs(self.bolt, 2),
            tracking="SERIAL",
            asset_type="UAV",
            name="Inspection drone",
        )

    def lot(self, item: Json, code: str) -> str:
        (found,) = [
            lot for lot in self.plant.warehouse.get("/lots", item_id=item["id"]) if lot["code"] == code
        ]
        return str(found["id"])


def as_built(tenant: Tenant, asset: Json) -> Json:
    answer = tenant.client.get(f"/api/assets/{asset['id']}/as-built")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def parts(built: Json) -> list[tuple[str, str | None, str]]:
    return [(part["item_code"], part["lot_code"], part["quantity"]) for part in built["parts"]]


def test_completing_registers_assets_with_what_is_in_them(plant: Plant) -> None:
    made = Factory(plant)
    task = plant.started(made.drone, 2, batch_number="X1")
    assert plant.tenant.client.get("/api/assets").json() == []
    plant.complete(task, 2)
    assets = plant.tenant.client.get("/api/assets", params={"sort": "asset_code"}).json()
    assert [(row["asset_code"], row["asset_type"], row["serial_number"]) for row in assets] == [
        ("X1-0001", "UAV", "X1-0001"),
        ("X1-0002", "UAV", "X1-0002"),
    ]
    first, second = (as_built(plant.tenant, asset) for asset in assets)
    battery, rotor, bolt = (item["code"] for item in (made.battery, made.rotor, made.bolt))
    assert parts(first) == [(battery, "BAT-1", "1"), (rotor, "ROT-A", "4"), (bolt, None, "2")]
    assert parts(second) == [
        (battery, "BAT-2", "1"),
        (rotor, "ROT-A", "2"),
        (rotor, "ROT-B", "2"),
        (bolt, None, "2"),
    ]
    assert (first["task_id"], first["serial"]) == (task["id"], "X1-0001")
    assert [row["lot_code"] for row in plant.outputs(task)] == ["X1-0001", "X1-0002"]
    assert plant.outputs(task)[0]["built_from"][0]["lot_code"] == "BAT-1"
    plant.warehouse.check_books()


def test_the_shop_floor_knows_better_which_serial_is_in(plant: Plant) -> None:
    made = Factory(plant)
    task = plant.started(made.drone, 2)
    wanted = made.lot(made.battery, "BAT-3")
    reserved = made.lot(made.battery, "BAT-2")
    outputs = [
        {"lot_code": "SN-1", "built_in": [{"lot_id": wanted}]},
        {"lot_code": "SN-2", "built_in": [{"lot_id": reserved}]},
    ]
    plant.act(task, ":receive", quantity=2, outputs=outputs)
    found = {row["lot_code"]: row["built_from"] for row in plant.outputs(task)}
    assert next(part["lot_code"] for part in found["SN-1"]) == "BAT-3"
    assert next(part["lot_code"] for part in found["SN-2"]) == "BAT-2"
    batteries = plant.warehouse.stock(made.battery, location_id=plant.warehouse.standard())
    assert {(row["lot_code"], row["on_hand"]) for row in batteries} == {("BAT-1", "1")}
    plant.complete(task, 2)
    plant.warehouse.check_books()


def test_outputs_that_do_not_fit_are_refused(plant: Plant) -> None:
    made = Factory(plant)
    task = plant.started(made.drone, 3)

    def receive(quantity: Any, *outputs: Json) -> Any:
        return plant.try_to(task, ":receive", quantity=quantity, outputs=list(outputs))

    assert refused(receive(2, {"lot_code": "S"}), 422)["errors"][0]["code"] == "sum"
    assert refused(receive(1, {"quantity": 1}), 422)["errors"][0]["code"] == "lot_code"
    assert refused(receive(2, {"lot_code": "S", "quantity": 2}), 422)["errors"][0]["code"] == "serial"
    assert refused(receive(2, {"lot_code": "S"}, {"lot_code": "S"}), 422)["errors"][0]["code"] == "doubled"
    stranger = {"lot_code": "S", "built_in": [{"lot_id": str(uuid4())}]}
    assert refused(receive(1, stranger), 422)["errors"][0]["code"] == "not_issued"
    assert receive(1, {"lot_code": "S"}).status_code == 200
    refused(receive(1, {"lot_code": "S"}), 409, "serial_taken")
    assert refused(receive("0.5"), 422)["errors"][0]["code"] == "not_whole"


def test_a_taken_asset_code_undoes_the_whole_completion(plant: Plant) -> None:
    made = Factory(plant)
    plant.tenant.post("/api/assets", asset_type="UAV", asset_code="Z-0002", name="By hand")
    task = plant.started(made.drone, 2, batch_number="Z")
    refused(plant.try_to(task, "complete", actual_quantity=2), 409, "asset_code_taken")
    assert plant.read(task)["status"] == "IN_PROGRESS"
    assert plant.outputs(task) == []
    assert len(plant.tenant.client.get("/api/assets").json()) == 1
    assert plant.warehouse.on_hand(made.bolt) == [("1000", "4")]
    plant.warehouse.check_books()


def test_threads_connect_assets_and_lots_both_ways(plant: Plant, relay: Callable[[Tenant], int]) -> None:
    made = Factory(plant)
    task = plant.started(made.drone, 1)
    plant.complete(task, 1)
    relay(plant.tenant)
    (asset,) = plant.tenant.client.get("/api/assets").json()
    built = as_built(plant.tenant, asset)

    def thread(ref: str) -> dict[str, list[str]]:
        answer = plant.tenant.client.get("/api/thread", params={"ref": ref})
        assert answer.status_code == 200, answer.text
        return {line["type"]: [line["subject"], *line["related"]] for line in answer.json()}

    of_asset = thread(f"asset:{asset['id']}")["asset.built"]
    for part in built["parts"]:
        if part["lot_id"]:
            assert f"lot:{part['lot_id']}" in of_asset
            assert f"asset:{asset['id']}" in thread(f"lot:{part['lot_id']}")["asset.built"]
    assert f"asset:{asset['id']}" in thread(f"lot:{built['lot_id']}")["asset.built"]
    assert f"asset:{asset['id']}" in thread(f"task:{task['id']}")["asset.built"]


def test_a_part_that_is_an_asset_is_named(plant: Plant) -> None:
    cell = plant.raw(10)
    battery = plant.product(needs(cell, 3), tracking="SERIAL", asset_type="BATTERY")
    drone = plant.product(needs(battery, 1), tracking="SERIAL", asset_type="UAV")
    plant.complete(plant.started(battery, 1), 1)
    plant.complete(plant.started(drone, 1), 1)
    by_type = {row["asset_type"]: row for row in plant.tenant.client.get("/api/assets").json()}
    (part,) = as_built(plant.tenant, by_type["UAV"])["parts"]
    assert part["asset_id"] == by_type["BATTERY"]["id"]


def test_serials_without_an_asset_type_stay_in_the_warehouse(plant: Plant) -> None:
    product = plant.product(tracking="SERIAL")
    plant.complete(plant.started(product, 1), 1)
    assert plant.tenant.client.get("/api/assets").json() == []


def test_an_asset_registered_by_hand_has_no_list(plant: Plant) -> None:
    made = plant.tenant.post("/api/assets", asset_type="UAV", asset_code="H-1", name="H")
    refused(plant.tenant.client.get(f"/api/assets/{made['id']}/as-built"), 404, "asset_not_built_here")
    refused(plant.tenant.client.get(f"/api/assets/{uuid4()}/as-built"), 404, "asset_not_found")
