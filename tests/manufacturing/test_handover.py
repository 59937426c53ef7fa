"""Hand-overs need the receiver, and a line that is not clear refuses."""

from typing import Any

import httpx
import pytest

from tests.manufacturing.plant import TASKS, Plant
from tests.manufacturing.test_orders import at_once
from tests.manufacturing.warehouse import Json
from tests.support.fleet import pointers, refused

HANDOVERS = "/api/ppic/handovers"


@pytest.fixture
def receiver(plant: Plant) -> httpx.Client:
    return plant.tenant.as_user("ppic.update", "ppic.view")


def sewing(plant: Plant) -> Json:
    return plant.started(plant.product(), 10, department="Sewing")


def send(plant: Plant, task: Json, **fields: Any) -> Json:
    body = {"task_id": task["id"], "to_department": "Finishing", "quantity": 10} | fields
    return plant.tenant.post(HANDOVERS, **body)


def try_send(plant: Plant, task: Json, **fields: Any) -> httpx.Response:
    body = {"task_id": task["id"], "to_department": "Finishing", "quantity": 10} | fields
    return plant.client.post(HANDOVERS, json=body)


def test_the_receiver_accepts_and_the_task_moves(plant: Plant, receiver: httpx.Client) -> None:
    task, line = sewing(plant), plant.line(department="Finishing")
    sent = send(plant, task, production_line_id=line["id"])
    assert (sent["status"], sent["from_department"], sent["qty_accepted"]) == ("PENDING", "Sewing", None)
    assert plant.read(task)["department"] == "Sewing"
    refused(plant.client.post(f"{HANDOVERS}/{sent['id']}:accept", json={}), 409, "handover_by_sender")
    refused(
        plant.client.post(f"{HANDOVERS}/{sent['id']}:reject", json={"reason": "No"}),
        409,
        "handover_by_sender",
    )
    taken = receiver.post(f"{HANDOVERS}/{sent['id']}:accept", json={"quantity": 9, "note": "One is torn"})
    assert taken.status_code == 200, taken.text
    assert (taken.json()["status"], taken.json()["qty_accepted"]) == ("ACCEPTED", "9")
    moved = plant.read(task)
    assert (moved["department"], moved["production_line_id"]) == ("Finishing", line["id"])
    assert plant.get(f"/lines/{line['id']}")["product_id"] == task["product_id"]
    problem = refused(receiver.post(f"{HANDOVERS}/{sent['id']}:accept", json={}), 409, "handover_decided")
    assert problem["current"] == "ACCEPTED"


def test_more_than_was_sent_is_not_accepted(plant: Plant, receiver: httpx.Client) -> None:
    sent = send(plant, sewing(plant), quantity=5)
    answer = receiver.post(f"{HANDOVERS}/{sent['id']}:accept", json={"quantity": 6})
    assert pointers(refused(answer, 422)) == ["#/quantity"]


def test_a_line_that_is_not_clear_refuses(plant: Plant, receiver: httpx.Client) -> None:
    line = plant.line()
    first = plant.task(plant.product(), 1)
    assert (
        plant.client.patch(f"{TASKS}/{first['id']}", json={"production_line_id": line["id"]}).status_code
        == 200
    )
    plant.act(first, "approve")
    plant.act(first, "start")
    sent = send(plant, sewing(plant), production_line_id=line["id"])
    problem = refused(receiver.post(f"{HANDOVERS}/{sent['id']}:accept", json={}), 409, "line_not_clear")
    assert (problem["production_line_id"], problem["product_id"]) == (line["id"], first["product_id"])
    refused(plant.client.post(f"/api/ppic/lines/{line['id']}:clear"), 409, "line_in_use")
    plant.complete(first, 1)
    refused(receiver.post(f"{HANDOVERS}/{sent['id']}:accept", json={}), 409, "line_not_clear")
    assert plant.client.post(f"/api/ppic/lines/{line['id']}:clear").json()["product_id"] is None
    assert receiver.post(f"{HANDOVERS}/{sent['id']}:accept", json={}).status_code == 200


def test_a_task_does_not_start_on_a_line_that_is_not_clear(plant: Plant) -> None:
    line = plant.line()
    tasks = [plant.task(plant.product(), 1) for _ in range(4)]
    for task in tasks:
        plant.client.patch(f"{TASKS}/{task['id']}", json={"production_line_id": line["id"]})
        plant.act(task, "approve")
    starts = at_once(4, lambda n: plant.client.post(f"{TASKS}/{tasks[n]['id']}/start"))
    assert starts == [200, 409, 409, 409]
    left = [task for task in tasks if plant.read(task)["status"] == "APPROVED"]
    refused(plant.try_to(left[0], "start"), 409, "line_not_clear")
    problem = refused(plant.batch("start", left), 409, "batch_failed")
    assert {row["status"] for row in problem["results"]} == {"line_not_clear"}


def test_the_same_product_enters_without_clearance(plant: Plant) -> None:
    line, product = plant.line(), plant.product()
    for _ in range(2):
        task = plant.task(product, 1)
        plant.client.patch(f"{TASKS}/{task['id']}", json={"production_line_id": line["id"]})
        plant.act(task, "approve")
        assert plant.act(task, "start")["status"] == "IN_PROGRESS"


def test_rejected_and_withdrawn_work_stays_where_it_is(plant: Plant, receiver: httpx.Client) -> None:
    task = sewing(plant)
    sent = send(plant, task)
    refused(try_send(plant, task), 409, "handover_pending")
    answer = receiver.post(f"{HANDOVERS}/{sent['id']}:reject", json={"reason": "Stained"})
    assert (answer.json()["status"], answer.json()["decision_note"]) == ("REJECTED", "Stained")
    again = send(plant, task)
    withdrawn = plant.client.post(f"{HANDOVERS}/{again['id']}:cancel")
    assert withdrawn.json()["status"] == "CANCELLED"
    assert plant.read(task)["department"] == "Sewing"
    found = plant.get("/handovers", task_id=task["id"])
    assert [row["status"] for row in found] == ["REJECTED", "CANCELLED"]
    assert plant.get("/handovers", status="REJECTED")[0]["id"] == sent["id"]


def test_what_can_not_be_handed_over(plant: Plant) -> None:
    nowhere = plant.started(plant.product(), 10)
    refused(try_send(plant, nowhere), 409, "handover_impossible")
    refused(try_send(plant, plant.task(plant.product(), 10, department="A")), 409, "handover_impossible")
    task = sewing(plant)
    refused(try_send(plant, task, to_department="Sewing"), 409, "handover_impossible")
    refused(try_send(plant, task, quantity=11), 409, "handover_impossible")
    refused(try_send(plant, task, production_line_id=task["id"]), 404, "production_line_not_found")
    refused(try_send(plant, {"id": task["product_id"]}), 404, "task_not_found")


def test_two_acceptances_at_once_count_once(plant: Plant, receiver: httpx.Client) -> None:
    sent = send(plant, sewing(plant))
    path = f"{HANDOVERS}/{sent['id']}:accept"
    assert at_once(3, lambda _: receiver.post(path, json={})) == [200, 409, 409]


def test_a_line_has_a_code_of_its_own(plant: Plant) -> None:
    line = plant.line()
    refused(plant.client.post("/api/ppic/lines", json={"code": line["code"]}), 409, "line_code_taken")
    assert plant.get("/lines") == [line]
