"""Work centres, routings, and the operations of tasks: material, partial reports, scrap, rework."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domains.manufacturing.routing.calendar import Hours, end_of_work, first_open
from app.domains.manufacturing.routing.network import order, passed_on
from tests.manufacturing.plant import Plant, needs, step
from tests.manufacturing.test_orders import at_once
from tests.manufacturing.warehouse import Json
from tests.support.fleet import pointers, refused

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SHIFT = [Hours(day, 8 * 60, 16 * 60) for day in range(1, 6)]


def two_steps(plant: Plant, stock: Any = 1000) -> tuple[Json, Json, Json]:
    """A product that is cut from cloth and sewn with thread."""
    cloth, thread = plant.raw(stock), plant.raw(stock)
    product = plant.product(needs(cloth, 2, operation="CUT"), needs(thread, 3, operation="SEW"))
    plant.routing(product, step("CUT", run_seconds=30), step("SEW", "CUT", run_seconds=60))
    return product, cloth, thread


def test_work_goes_through_the_operations_in_order(plant: Plant) -> None:
    product, cloth, thread = two_steps(plant)
    task = plant.started(product, 10)
    work = plant.work(task)
    assert {code: row["status"] for code, row in work.items()} == {"CUT": "OPEN", "SEW": "WAITING"}
    refused(plant.try_work(work["SEW"], "start"), 409, "work_move_refused")
    plant.do(work["CUT"], "start")
    cut = plant.do(work["CUT"], "report", good=6)
    assert (cut["qty_input"], cut["qty_good"], cut["status"]) == ("6", "6", "IN_PROGRESS")
    assert plant.warehouse.on_hand(cloth) == [("988", "8")]
    assert plant.work(task)["SEW"]["status"] == "OPEN"
    plant.do(work["SEW"], "start")
    problem = refused(plant.try_work(work["SEW"], "report", good=7), 409, "input_exceeded")
    assert (problem["available"], problem["asked"]) == ("6", "7")
    plant.do(work["SEW"], "report", good=6)
    assert plant.warehouse.on_hand(thread) == [("982", "12")]
    assert plant.do(work["CUT"], "report", good=4)["status"] == "COMPLETED"
    assert plant.do(work["SEW"], "report", good=4)["status"] == "COMPLETED"
    plant.complete(task, 10)
    assert plant.warehouse.on_hand(cloth) == [("980", "0")]
    assert plant.warehouse.on_hand(thread) == [("970", "0")]
    plant.warehouse.check_books()


def test_starting_an_operation_without_its_material_is_409(plant: Plant) -> None:
    product, cloth, thread = two_steps(plant, stock=5)
    task = plant.started(product, 10)
    cut = plant.work(task)["CUT"]
    problem = refused(plant.try_work(cut, "start"), 409, "material_missing")
    assert problem["shortages"] == [{"item_id": cloth["id"], "required": "20", "missing": "15"}]
    ready = plant.get(f"/work-orders/{cut['id']}/readiness")
    assert (ready["material_ready"], ready["available"]) == (False, "10")
    assert [row["item_id"] for row in ready["shortages"]] == [cloth["id"]]
    plant.warehouse.receive(cloth, 15)
    assert plant.do(cut, "start")["status"] == "IN_PROGRESS"
    assert plant.read(task)["shortages"][0]["item_id"] == thread["id"]


def test_material_of_no_operation_is_needed_by_the_first(plant: Plant) -> None:
    loose = plant.raw()
    product = plant.product(needs(loose, 1))
    plant.routing(product, step("A"), step("B", "A"))
    work = plant.work(plant.started(product, 1))
    assert refused(plant.try_work(work["A"], "start"), 409, "material_missing")
    assert plant.get(f"/work-orders/{work['B']['id']}/readiness")["material_ready"] is True


def test_erpnext_58100_scrap_over_several_partial_entries_is_conserved(plant: Plant) -> None:
    """Scrap of every report is kept: not lost with the next one, nor counted again by it."""
    product, cloth, _thread = two_steps(plant)
    task = plant.started(product, 100)
    work = plant.work(task)
    plant.do(work["CUT"], "start")
    for good, scrap in ((30, 2), (20, 1), (45, 2)):
        plant.do(work["CUT"], "report", good=good, scrap=scrap, reason="Frayed")
    plant.do(work["SEW"], "start")
    for good, scrap, rework in ((50, 3, 4), (40, 2, 0)):
        plant.do(work["SEW"], "report", good=good, scrap=scrap, rework=rework)
    cut, sew = plant.work(task)["CUT"], plant.work(task)["SEW"]
    assert [cut[f"qty_{name}"] for name in ("input", "good", "scrap", "rework")] == ["100", "95", "5", "0"]
    assert [sew[f"qty_{name}"] for name in ("input", "good", "scrap", "rework")] == ["99", "90", "5", "4"]
    assert (cut["status"], sew["status"]) == ("COMPLETED", "COMPLETED")
    reports = plant.get(f"/work-orders/{cut['id']}/reports")
    assert [row["qty_scrap"] for row in reports] == ["2", "1", "2"]
    done = plant.complete(task, 90)
    assert (done["qty_good"], done["qty_scrapped"]) == ("90", "10")
    assert plant.warehouse.on_hand(cloth) == [("800", "0")]
    assert plant.warehouse.on_hand(product) == [("90", "0")]
    plant.warehouse.check_books()


def test_erpnext_57892_process_loss_over_partial_receipts_is_not_duplicated(plant: Plant) -> None:
    """Material of lost units is consumed once, whether output comes in one part or in three."""
    product, cloth, _ = two_steps(plant)
    task = plant.started(product, 30)
    cut = plant.work(task)["CUT"]
    plant.do(cut, "start")
    plant.do(cut, "report", good=27, scrap=3)
    for part in (9, 9):
        plant.act(task, ":receive", quantity=part)
    plant.complete(task, 27)
    assert plant.warehouse.on_hand(cloth) == [("940", "0")]
    assert plant.components(task)[cloth["id"]]["qty_issued"] == "60"
    plant.warehouse.check_books()


def test_reworked_units_may_be_reported_again(plant: Plant) -> None:
    product, cloth, _ = two_steps(plant)
    work = plant.work(plant.started(product, 10))["CUT"]
    plant.do(work, "start")
    plant.do(work, "report", good=7, rework=3)
    problem = refused(plant.try_work(work, "report", good=4), 409, "input_exceeded")
    assert problem["available"] == "3"
    done = plant.do(work, "report", good=2, scrap=1)
    assert (done["qty_input"], done["qty_rework"], done["status"]) == ("13", "3", "COMPLETED")
    assert plant.warehouse.on_hand(cloth) == [("980", "0")]


def test_good_scrap_and_rework_are_the_input_for_every_writer(plant: Plant, raw: psycopg.Connection) -> None:
    product, _, _ = two_steps(plant)
    work = plant.work(plant.started(product, 10))["CUT"]
    with pytest.raises(psycopg.errors.CheckViolation, match="input_is_accounted_for"):
        raw.execute("UPDATE production_work_order SET qty_good = 5 WHERE id = %s", [work["id"]])


def test_an_operation_can_be_finished_early(plant: Plant) -> None:
    product, _, _ = two_steps(plant)
    work = plant.work(plant.started(product, 10))["CUT"]
    plant.do(work, "start")
    assert pointers(refused(plant.try_work(work, "report"), 422)) == ["#/good"]
    assert plant.do(work, "report", good=5, finish=True)["status"] == "COMPLETED"
    refused(plant.try_work(work, "report", good=1), 409, "work_move_refused")


def test_work_rests_while_its_task_is_on_hold(plant: Plant) -> None:
    product, _, _ = two_steps(plant)
    task = plant.started(product, 10)
    plant.act(task, ":hold")
    problem = refused(plant.try_work(plant.work(task)["CUT"], "start"), 409, "work_move_refused")
    assert (problem["current"], problem["task_status"]) == ("OPEN", "ON_HOLD")


def test_a_work_centre_runs_no_more_than_it_can(plant: Plant) -> None:
    center = plant.center(capacity=1)
    product = plant.product()
    plant.routing(product, step("A", work_center_id=center["id"]))
    works = [plant.work(plant.started(product, 1))["A"] for _ in range(4)]
    paths = [f"/api/ppic/work-orders/{work['id']}:start" for work in works]
    assert at_once(4, lambda n: plant.client.post(paths[n])) == [200, 409, 409, 409]
    busy = next(work for work in works if plant.get(f"/work-orders/{work['id']}")["status"] == "OPEN")
    problem = refused(plant.try_work(busy, "start"), 409, "work_center_full")
    assert (problem["current"], problem["limit"]) == (1, 1)


def test_two_reports_at_once_never_count_the_same_units(plant: Plant) -> None:
    product, _, _ = two_steps(plant)
    work = plant.work(plant.started(product, 10))["CUT"]
    plant.do(work, "start")
    path = f"/api/ppic/work-orders/{work['id']}:report"

    def report(_: int) -> httpx.Response:
        return plant.client.post(path, json={"good": 6})

    assert at_once(4, report) == [200, 409, 409, 409]
    assert plant.get(f"/work-orders/{work['id']}")["qty_good"] == "6"


def test_a_new_routing_takes_the_place_of_the_old_one(plant: Plant) -> None:
    product = plant.product()
    old = plant.routing(product, step("A"))
    drafted = plant.task(product, 1)
    new = plant.routing(product, step("X"), step("Y", "X"))
    assert plant.get("/routings", product_id=product["id"]) == [new]
    both = plant.get("/routings", product_id=product["id"], active_only=False)
    assert [(row["id"], row["is_active"]) for row in both] == [(old["id"], False), (new["id"], True)]
    plant.act(drafted, "approve")
    plant.act(drafted, "start")
    assert set(plant.work(drafted)) == {"A"}
    assert set(plant.work(plant.started(product, 1))) == {"X", "Y"}
    path = f"/api/ppic/routings/{new['id']}"
    assert plant.client.delete(path).status_code == 204
    assert plant.client.get(path).json()["is_active"] is False
    assert set(plant.work(plant.started(product, 1))) == {"MAKE"}


def test_a_routing_is_a_graph_without_circles(plant: Plant) -> None:
    product = plant.product()

    def post(*operations: Json) -> httpx.Response:
        body = {"product_id": product["id"], "name": "R", "operations": list(operations)}
        return plant.client.post("/api/ppic/routings", json=body)

    problem = refused(post(step("A", "C"), step("B", "A"), step("C", "B")), 409, "routing_loop")
    assert "A" in problem["detail"]
    assert refused(post(step("A", "Z")), 422)["errors"][0]["code"] == "unknown_operation"
    assert refused(post(step("A"), step("A")), 422)["errors"][0]["code"] == "doubled"
    refused(post(step("A", work_center_id=str(uuid4()))), 404, "work_center_not_found")


def test_work_centres(plant: Plant) -> None:
    hours = [{"weekday": 1, "opens": "06:00", "closes": "14:00"}]
    center = plant.center(hours=hours, department="Assembly")
    assert center["hours"] == hours
    path = f"/api/ppic/work-centers/{center['id']}"
    longer = [{"weekday": 1, "opens": "06:00", "closes": "24:00"}]
    changed = plant.client.patch(path, json={"hours": longer, "capacity": 3}).json()
    assert (changed["hours"], changed["capacity"], changed["department"]) == (longer, 3, "Assembly")
    overlap = [*longer, {"weekday": 1, "opens": "20:00", "closes": "22:00"}]
    refused(plant.client.patch(path, json={"hours": overlap}), 409, "work_center_hours_overlap")
    backwards = [{"weekday": 1, "opens": "14:00", "closes": "06:00"}]
    assert pointers(refused(plant.client.patch(path, json={"hours": backwards}), 422)) == ["#/hours"]
    body = {"code": center["code"], "name": "Again"}
    refused(plant.client.post("/api/ppic/work-centers", json=body), 409, "work_center_code_taken")
    assert plant.get("/work-centers")[0]["id"] == center["id"]


def test_expected_times_follow_the_calendar_and_the_graph(plant: Plant) -> None:
    product = plant.product()
    plant.routing(product, step("A", setup_seconds=600, run_seconds=60), step("B", "A", run_seconds=30))
    work = plant.work(plant.started(product, 10))
    spans = {
        code: datetime.fromisoformat(row["expected_end_at"])
        - datetime.fromisoformat(row["expected_start_at"])
        for code, row in work.items()
    }
    assert spans == {"A": timedelta(seconds=1200), "B": timedelta(seconds=300)}
    assert work["B"]["expected_start_at"] == work["A"]["expected_end_at"]


HOUR = 3600.0
CALENDAR = [
    (MONDAY + timedelta(hours=9), HOUR, MONDAY + timedelta(hours=10)),
    (MONDAY, HOUR, MONDAY + timedelta(hours=9)),
    (MONDAY + timedelta(hours=15), 2 * HOUR, MONDAY + timedelta(days=1, hours=9)),
    (MONDAY + timedelta(days=4, hours=15), 2 * HOUR, MONDAY + timedelta(days=7, hours=9)),
    (MONDAY + timedelta(hours=8), 400 * HOUR, MONDAY + timedelta(days=67, hours=16)),
]


@pytest.mark.parametrize(("start", "seconds", "end"), CALENDAR)
def test_working_time_counts_open_hours_only(start: datetime, seconds: float, end: datetime) -> None:
    assert end_of_work(start, seconds, SHIFT) == end


def test_without_hours_it_is_always_open() -> None:
    assert end_of_work(MONDAY, 90, []) == MONDAY + timedelta(seconds=90)
    assert first_open(MONDAY, SHIFT) == MONDAY + timedelta(hours=8)


@given(st.integers(0, 7 * 24 * 60), st.integers(1, 10_000), st.integers(0, 10_000))
def test_work_done_in_two_parts_ends_when_it_would_in_one(offset: int, first: int, second: int) -> None:
    start = MONDAY + timedelta(minutes=offset)
    halfway = end_of_work(start, first * 60, SHIFT)
    assert end_of_work(halfway, second * 60, SHIFT) >= halfway
    whole = end_of_work(start, (first + second) * 60, SHIFT)
    assert second == 0 or end_of_work(halfway, second * 60, SHIFT) == whole


def test_operations_are_ordered_and_circles_named() -> None:
    assert order({"C": ["A", "B"], "A": [], "B": ["A"]}) == ["A", "B", "C"]
    with pytest.raises(ValueError, match="A") as loop:
        order({"A": ["B"], "B": ["A"], "C": ["A"]})
    assert set(str(loop.value).split(" → ")) == {"A", "B"}
    with pytest.raises(KeyError):
        order({"A": ["Z"]})
    good = {"A": Decimal(3), "B": Decimal(5)}
    assert passed_on(["A", "B"], good, Decimal(9)) == 3
    assert passed_on([], good, Decimal(9)) == 9
