"""Tasks: their life, their variance, what they reserve, consume and receive."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.manufacturing.plant import TASKS, Plant, needs
from tests.manufacturing.warehouse import Json
from tests.support.fleet import pointers, refused
from tests.support.tenants import Tenant


def simple(plant: Plant, stock: Any = 100) -> tuple[Json, Json]:
    """A product of two of one material each, and the material."""
    material = plant.raw(stock)
    return plant.product(needs(material, 2)), material


def at_once(count: int, call: Callable[[int], httpx.Response]) -> list[int]:
    """The statuses of `count` calls that begin together."""
    barrier, statuses = threading.Barrier(count), [0] * count

    def run(number: int) -> None:
        barrier.wait()
        statuses[number] = call(number).status_code

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def test_a_task_from_draft_to_stock(plant: Plant) -> None:
    product, material = simple(plant)
    task = plant.task(product, 10, department="Assembly", priority="HIGH", batch_number="B-1")
    assert (task["status"], task["allowed"], task["shortages"]) == ("DRAFT", ["approve", "cancel"], [])
    assert task["number"].startswith("MO-")
    assert task["revision_id"]
    assert len(task["bom_hash"]) >= 32
    approved = plant.act(task, "approve", notes="Go")
    assert (approved["status"], approved["material_status"]) == ("APPROVED", "READY")
    assert plant.warehouse.on_hand(material) == [("100", "20")]
    started = plant.act(task, "start")
    assert started["status"] == "IN_PROGRESS"
    (work,) = plant.work(task).values()
    assert (work["code"], work["status"], work["qty_planned"]) == ("MAKE", "OPEN", "10")
    done = plant.complete(task, 10)
    assert (done["status"], done["variance_class"], done["qty_good"]) == ("COMPLETED", "EXACT", "10")
    assert done["allowed"] == []
    assert plant.warehouse.on_hand(material) == [("80", "0")]
    assert plant.warehouse.on_hand(product) == [("10", "0")]
    steps = [
        (row["action"], row["to_status"], row["note"]) for row in plant.get(f"/tasks/{task['id']}/history")
    ]
    assert steps == [
        ("create", "DRAFT", None),
        ("approve", "APPROVED", "Go"),
        ("start", "IN_PROGRESS", None),
        ("complete", "COMPLETED", None),
    ]
    plant.warehouse.check_books()


def test_old_clients_send_query_parameters(plant: Plant) -> None:
    product, _ = simple(plant)
    path = f"/api/v1/ppic/tasks/{plant.task(product, 10)['id']}"
    assert plant.client.post(f"{path}/approve", params={"approval_notes": "old"}).status_code == 200
    assert plant.client.post(f"{path}/start", params={"start_notes": "older"}).status_code == 200
    asked = {"actual_quantity": "5", "quality_notes": "Half was spoilt", "variance_override": "true"}
    done = plant.client.post(f"{path}/complete", params=asked)
    assert done.status_code == 200, done.text
    assert (done.json()["qty_good"], done.json()["variance_class"]) == ("5", "MAJOR")
    history = plant.get(f"/tasks/{done.json()['id']}/history")
    assert [row["note"] for row in history][1:] == ["old", "older", "Half was spoilt"]


def test_the_body_counts_before_the_query_and_an_unknown_parameter_is_400(plant: Plant) -> None:
    product, _ = simple(plant)
    task = plant.task(product)
    path = f"{TASKS}/{task['id']}/approve"
    problem = refused(plant.client.post(path, params={"note": "x"}), 400, "unknown_parameter")
    assert pointers(problem) == ["query/note"]
    both = plant.client.post(path, params={"approval_notes": "query"}, json={"notes": "body", "later": 1})
    assert both.status_code == 200, both.text
    assert plant.get(f"/tasks/{task['id']}/history")[-1]["note"] == "body"


def test_a_query_value_of_the_wrong_kind_is_named(plant: Plant) -> None:
    product, _ = simple(plant)
    path = f"{TASKS}/{plant.started(product)['id']}/complete"
    problem = refused(plant.client.post(path, params={"actual_quantity": "many"}), 422)
    assert pointers(problem) == ["query/actual_quantity"]
    assert pointers(refused(plant.client.post(path), 422)) == ["#/actual_quantity"]
    for wrong in (0, -1):
        problem = refused(plant.client.post(path, json={"actual_quantity": wrong}), 422)
        assert pointers(problem) == ["#/actual_quantity"]


@pytest.mark.parametrize("action", ["approve", "start", "complete", ":hold", ":resume", ":receive"])
def test_a_wrong_state_is_409_and_names_the_allowed_ones(plant: Plant, action: str) -> None:
    product, _ = simple(plant)
    task = plant.started(product)
    plant.complete(task, 10)
    body = {"complete": {"actual_quantity": 1}, ":receive": {"quantity": 1}}.get(action, {})
    problem = refused(plant.try_to(task, action, **body), 409, "task_move_refused")
    assert (problem["current"], problem["allowed"]) == ("COMPLETED", [])


def test_a_draft_is_not_started(plant: Plant) -> None:
    product, _ = simple(plant)
    problem = refused(plant.try_to(plant.task(product), "start"), 409, "task_move_refused")
    assert (problem["current"], problem["allowed"]) == ("DRAFT", ["approve", "cancel"])


def test_hold_and_resume_go_back_to_where_it_was(plant: Plant) -> None:
    product, material = simple(plant)
    task = plant.approved(product)
    assert plant.act(task, ":hold", reason="No operator")["allowed"] == ["resume", "cancel"]
    assert plant.warehouse.on_hand(material) == [("100", "20")]
    assert refused(plant.try_to(task, "start"), 409)["allowed"] == ["resume", "cancel"]
    assert plant.act(task, ":resume")["status"] == "APPROVED"
    plant.act(task, "start")
    plant.act(task, ":hold")
    assert plant.act(task, ":resume")["status"] == "IN_PROGRESS"


def test_cancelling_returns_reservations_and_what_was_issued(plant: Plant) -> None:
    product, material = simple(plant)
    task = plant.started(product)
    plant.act(task, ":issue", lines=[{"item_id": material["id"], "quantity": 6}])
    assert plant.warehouse.on_hand(material) == [("94", "14")]
    assert plant.act(task, ":cancel", reason="Not wanted")["status"] == "CANCELLED"
    assert plant.warehouse.on_hand(material) == [("100", "0")]
    assert plant.components(task)[material["id"]]["qty_issued"] == "0"
    assert {work["status"] for work in plant.work(task).values()} == {"CANCELLED"}
    plant.warehouse.check_books()


def test_what_was_received_is_not_cancelled(plant: Plant) -> None:
    product, _ = simple(plant)
    task = plant.started(product)
    part = plant.act(task, ":receive", quantity=3)
    assert "cancel" not in part["allowed"]
    refused(plant.try_to(task, ":cancel"), 409, "task_move_refused")


def test_approval_never_refuses_for_a_shortage(plant: Plant) -> None:
    product, material = simple(plant, 15)
    bare = plant.raw()
    both = plant.product(needs(material, 2), needs(bare, 1))
    partial = plant.approved(both, 10)
    assert partial["material_status"] == "PARTIAL"
    assert partial["shortages"] == [
        {"item_id": material["id"], "item_code": material["code"], "required": "20", "missing": "5"},
        {"item_id": bare["id"], "item_code": bare["code"], "required": "10", "missing": "10"},
    ]
    short = plant.approved(product, 1)
    assert short["material_status"] == "SHORT"
    assert plant.act(short, "start")["status"] == "IN_PROGRESS"
    plant.warehouse.receive(material, 50)
    topped = plant.act(short, ":reserve")
    assert (topped["material_status"], topped["shortages"]) == ("READY", [])


def test_a_task_is_completed_without_stock_and_says_what_it_owes(plant: Plant) -> None:
    product, material = simple(plant, 4)
    done = plant.complete(plant.started(product, 10), 10)
    assert (done["status"], done["material_status"]) == ("COMPLETED", "PARTIAL")
    assert plant.components(done)[material["id"]]["qty_issued"] == "4"
    assert plant.components(done)[material["id"]]["qty_missing"] == "16"
    assert plant.warehouse.on_hand(material) == []
    plant.warehouse.check_books()


VARIANCES = [
    ("1000", "990", "EXACT"),
    ("1000", "1010", "EXACT"),
    ("1000", "989.999999999", "MINOR"),
    ("1000", "1100", "MINOR"),
    ("1000", "900", "MINOR"),
    ("1000", "899.999999999", "MAJOR"),
    ("1000", "1100.000000001", "MAJOR"),
]


@pytest.mark.parametrize(("planned", "actual", "kind"), VARIANCES)
def test_the_bounds_of_the_variance_are_exact(plant: Plant, planned: str, actual: str, kind: str) -> None:
    product = plant.product()
    task = plant.started(product, planned)
    if kind == "MAJOR":
        problem = refused(plant.try_to(task, "complete", actual_quantity=actual), 409, "variance_too_large")
        assert problem["needed"] == ["variance_override", "quality_notes"]
        assert plant.read(task)["status"] == "IN_PROGRESS"
        done = plant.complete(task, actual, variance_override=True, quality_notes="Agreed with sales")
        assert done["override_reason"] == "Agreed with sales"
        assert done["overridden_by"] == str(plant.tenant.admin_id)
    else:
        done = plant.complete(task, actual)
        assert (done["override_reason"], done["overridden_by"]) == (None, None)
    assert done["variance_class"] == kind


def test_nobody_overrides_a_variance_without_the_right_and_a_reason(plant: Plant) -> None:
    task = plant.started(plant.product())
    worker = plant.tenant.as_user("ppic.update", "ppic.view")
    path = f"{TASKS}/{task['id']}/complete"
    body = {"actual_quantity": 5, "variance_override": True, "quality_notes": "It is fine"}
    problem = refused(worker.post(path, json=body), 409, "variance_too_large")
    assert problem["needed"] == ["ppic.approve"]
    without = {"actual_quantity": 5, "variance_override": True}
    assert refused(plant.client.post(path, json=without), 409)["needed"] == ["quality_notes"]
    blank = without | {"quality_notes": "   "}
    assert refused(plant.client.post(path, json=blank), 409)["needed"] == ["quality_notes"]
    assert worker.post(path, json={"actual_quantity": 10}).status_code == 200


def test_approving_needs_approve(plant: Plant) -> None:
    task = plant.task(plant.product())
    worker = plant.tenant.as_user("ppic.update", "ppic.create")
    refused(worker.post(f"{TASKS}/{task['id']}/approve"), 403, "permission_denied")


def test_an_edited_bill_of_materials_never_changes_an_order_in_flight(plant: Plant) -> None:
    material, other = plant.raw(100), plant.raw(100)
    product = plant.product()
    bom = plant.bom(product, needs(material, 2))
    task = plant.task(product, 10)
    edit = {"lines": [needs(other, 5)], "revision_reason": "Cheaper"}
    assert plant.client.put(f"/api/warehouse/bom/{bom['id']}", json=edit).status_code == 200
    assert set(plant.components(task)) == {material["id"]}
    plant.act(task, "approve")
    plant.act(task, "start")
    done = plant.complete(task, 10)
    assert (done["revision_id"], done["bom_hash"]) == (task["revision_id"], task["bom_hash"])
    assert plant.warehouse.on_hand(material) == [("80", "0")]
    assert plant.warehouse.on_hand(other) == [("100", "0")]
    later = plant.task(product, 10)
    assert later["revision_id"] != task["revision_id"]
    assert later["bom_hash"] != task["bom_hash"]
    assert set(plant.components(later)) == {other["id"]}


def test_a_bill_of_materials_in_use_is_not_deleted(plant: Plant) -> None:
    product = plant.product()
    bom = plant.bom(product, needs(plant.raw(), 1))
    task = plant.task(product)
    path = f"/api/warehouse/bom/{bom['id']}"
    assert plant.client.delete(path).status_code == 409
    plant.act(task, ":cancel")
    assert plant.client.delete(path).status_code == 204


def test_what_a_unit_needs_counts_output_wastage_and_fixed_quantities(plant: Plant) -> None:
    material, glue = plant.raw(1000), plant.raw(1000, uom="g")
    product = plant.product()
    plant.bom(
        product,
        needs(material, 3, wastage_percent=10),
        needs(glue, "0.5", fixed_qty=2),
        qty_output=2,
    )
    parts = plant.components(plant.task(product, 10))
    assert parts[material["id"]]["qty_required"] == "16.5"
    assert (parts[glue["id"]]["qty_per_unit"], parts[glue["id"]]["qty_required"]) == ("0.25", "4.5")


def test_erpnext_37953_small_quantities_keep_their_digits(plant: Plant) -> None:
    """0.311 × 0.0275 per piece and a million pieces are 8,552.5, not 8,000."""
    thread = plant.raw(uom="m")
    product = plant.product()
    plant.bom(product, needs(thread, "0.0085525"))
    assert plant.components(plant.task(product, 1_000_000))[thread["id"]]["qty_required"] == "8552.5"


def test_a_third_of_something_adds_up_to_the_whole(plant: Plant) -> None:
    material = plant.raw(1)
    product = plant.product()
    plant.bom(product, needs(material, 1), qty_output=3)
    task = plant.approved(product, 3)
    assert (task["material_status"], plant.components(task)[material["id"]]["qty_required"]) == ("READY", "1")


def test_what_has_serial_numbers_is_counted_in_whole_units(plant: Plant) -> None:
    motor = plant.warehouse.item(tracking="SERIAL")
    for number in range(4):
        plant.warehouse.receive(motor, 1, lot_code=f"M-{number}")
    task = plant.approved(plant.product(needs(motor, 1, wastage_percent=10)), 3)
    assert (plant.components(task)[motor["id"]]["qty_required"], task["material_status"]) == ("4", "READY")
    done = plant.complete(plant.act(task, "start"), 3)
    assert plant.components(done)[motor["id"]]["qty_issued"] == "3"
    assert done["material_status"] == "READY"
    plant.warehouse.check_books()


def test_a_phantom_is_made_of_what_it_is_made_of(plant: Plant) -> None:
    bolt = plant.raw(100)
    kit = plant.product(needs(bolt, 4))
    product = plant.product(needs(kit, 2, is_phantom=True))
    assert plant.components(plant.task(product, 3))[bolt["id"]]["qty_required"] == "24"


def test_partial_receipts_add_up_to_the_completion(plant: Plant) -> None:
    product, material = simple(plant)
    task = plant.started(product, 10)
    assert plant.act(task, ":receive", quantity=4)["qty_good"] == "4"
    assert plant.warehouse.on_hand(material) == [("92", "12")]
    refused(plant.try_to(task, "complete", actual_quantity=3, variance_override=True), 409, "received_more")
    assert plant.act(task, ":receive", quantity="3.5")["qty_good"] == "7.5"
    assert plant.complete(task, 10)["qty_good"] == "10"
    assert plant.warehouse.on_hand(product) == [("10", "0")]
    assert plant.warehouse.on_hand(material) == [("80", "0")]
    plant.warehouse.check_books()


def test_a_component_that_is_issued_by_hand_is_not_consumed_by_itself(plant: Plant) -> None:
    product, material = simple(plant)
    task = plant.started(product, 10)
    component = plant.components(task)[material["id"]]
    path = f"{TASKS}/{task['id']}/components/{component['id']}"
    assert plant.client.patch(path, json={"consumption": "ISSUE"}).json()["consumption"] == "ISSUE"
    plant.act(task, ":receive", quantity=5)
    assert plant.components(task)[material["id"]]["qty_issued"] == "0"
    plant.act(task, ":issue", lines=[{"item_id": material["id"], "quantity": 19}])
    done = plant.complete(task, 10)
    assert plant.components(done)[material["id"]]["qty_issued"] == "19"
    assert plant.warehouse.on_hand(material) == [("81", "0")]
    refused(plant.client.patch(path, json={"consumption": "BACKFLUSH"}), 409, "task_move_refused")
    other = path.replace(component["id"], task["id"])
    refused(plant.client.patch(other, json={"consumption": "ISSUE"}), 404, "task_component_not_found")


def test_a_task_that_made_less_needs_no_more(plant: Plant) -> None:
    product, material = simple(plant)
    done = plant.complete(plant.started(product, 100), 95)
    assert (done["variance_class"], done["variance_percent"], done["material_status"]) == (
        "MINOR",
        -5,
        "PARTIAL",
    )
    part = plant.components(done)[material["id"]]
    assert (part["qty_required"], part["qty_issued"], part["qty_missing"]) == ("190", "100", "90")


def test_issuing_more_than_there_is_names_it(plant: Plant) -> None:
    product, material = simple(plant, 5)
    task = plant.approved(product, 10)
    asked = [{"item_id": material["id"], "quantity": 9}]
    problem = refused(plant.try_to(task, ":issue", lines=asked), 409, "material_missing")
    assert problem["shortages"] == [{"item_id": material["id"], "required": "9", "missing": "4"}]
    assert plant.warehouse.on_hand(material) == [("5", "5")]
    stranger = [{"item_id": product["id"], "quantity": 1}]
    refused(plant.try_to(task, ":issue", lines=stranger), 404, "item_not_found")
    assert plant.act(task, ":issue")["shortages"][0]["missing"] == "15"
    refused(plant.try_to(plant.task(product), ":issue"), 409, "task_move_refused")


def test_drafting_checks_the_product(plant: Plant, rival: Tenant) -> None:
    service = plant.warehouse.item(item_type="SERVICE")
    problem = refused(plant.client.post(TASKS, json={"product_id": service["id"], "qty_planned": 1}), 422)
    assert pointers(problem) == ["#/product_id"]
    foreign = Plant(rival).product()
    refused(
        plant.client.post(TASKS, json={"product_id": foreign["id"], "qty_planned": 1}), 404, "item_not_found"
    )
    serial = plant.product(tracking="SERIAL")
    problem = refused(plant.client.post(TASKS, json={"product_id": serial["id"], "qty_planned": "1.5"}), 422)
    assert pointers(problem) == ["#/qty_planned"]


def test_a_batch_number_is_given_once(plant: Plant) -> None:
    product = plant.product()
    plant.task(product, batch_number="B-7")
    body = {"product_id": product["id"], "qty_planned": 1, "batch_number": "B-7"}
    refused(plant.client.post(TASKS, json=body), 409, "batch_number_taken")


def test_changing_a_task(plant: Plant) -> None:
    product = plant.product()
    task = plant.task(product)
    path = f"{TASKS}/{task['id']}"
    body = {"priority": "URGENT", "department": "Sewing", "due_at": "2031-01-01T00:00:00Z"}
    changed = plant.client.patch(path, json=body).json()
    assert (changed["priority"], changed["department"], changed["version"]) == ("URGENT", "Sewing", 2)
    refused(plant.client.patch(path, json={}, headers={"If-Match": '"1"'}), 412)
    assert pointers(refused(plant.client.patch(path, json={"priority": None}), 422)) == ["#/priority"]
    line = "00000000-0000-7000-8000-000000000001"
    refused(plant.client.patch(path, json={"production_line_id": line}), 404, "production_line_not_found")
    plant.act(task, ":cancel")
    refused(plant.client.patch(path, json={"priority": "LOW"}), 409, "task_move_refused")


def test_lists_are_filtered(plant: Plant) -> None:
    product, _ = simple(plant)
    draft = plant.task(product, department="A", priority="LOW")
    approved = plant.approved(product, department="B", due_at="2031-01-01T00:00:00Z")
    for params, found in (
        ({"status": "DRAFT"}, [draft]),
        ({"department": "B"}, [approved]),
        ({"priority": "LOW"}, [draft]),
        ({"material_status": "READY"}, [approved]),
        ({"due_before": "2032-01-01T00:00:00Z"}, [approved]),
        ({"sort": "-due_at"}, [draft, approved]),
    ):
        assert [row["id"] for row in plant.get("/tasks", **params)] == [row["id"] for row in found], params


def test_two_starts_at_once_start_it_once(plant: Plant) -> None:
    product, _ = simple(plant)
    task = plant.approved(product)
    assert at_once(4, lambda _: plant.client.post(f"{TASKS}/{task['id']}/start")) == [200, 409, 409, 409]
    assert len(plant.work(task)) == 1


def test_two_completes_at_once_receive_once(plant: Plant) -> None:
    product, material = simple(plant)
    task = plant.started(product)
    path = f"{TASKS}/{task['id']}/complete"
    assert at_once(4, lambda _: plant.client.post(path, json={"actual_quantity": 10})) == [200, 409, 409, 409]
    assert plant.warehouse.on_hand(product) == [("10", "0")]
    assert plant.warehouse.on_hand(material) == [("80", "0")]
    plant.warehouse.check_books()


def test_tasks_approved_at_once_never_share_stock(plant: Plant) -> None:
    product, material = simple(plant, 50)
    tasks = [plant.task(product, 5) for _ in range(8)]
    assert at_once(8, lambda n: plant.client.post(f"{TASKS}/{tasks[n]['id']}/approve")) == [200] * 8
    assert plant.warehouse.on_hand(material) == [("50", "50")]
    assert [plant.read(task)["material_status"] for task in tasks].count("READY") == 5
    plant.warehouse.check_books()
