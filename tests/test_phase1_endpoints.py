"""The ten categories that were promised for phase 1, every status asserted. Performance is bounded by queries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event

from tests.manufacturing.plant import Plant, needs
from tests.manufacturing.warehouse import Json
from tests.support.fleet import refused
from tests.support.server import Server
from tests.support.tenants import Tenant

BOM, TASKS = "/api/v1/warehouse/bom", "/api/v1/ppic/tasks"
NOBODY = "00000000-0000-7000-8000-000000000001"


@pytest.fixture
def plant(tenant: Tenant) -> Plant:
    return Plant(tenant)


@contextmanager
def statements(plant: Plant) -> Iterator[list[int]]:
    """How many statements the server runs meanwhile."""
    engine, ran = plant.tenant.server.database.engine, [0]

    def note(*_: Any) -> None:
        ran[0] += 1

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield ran
    finally:
        event.remove(engine, "before_cursor_execute", note)


def made(plant: Plant, lines: int = 2) -> tuple[Json, Json]:
    product = plant.product()
    bom = plant.bom(product, *(needs(plant.raw(1000), n + 1) for n in range(lines)))
    return product, bom


# 1. Bills of materials


def test_bom_create(plant: Plant) -> None:
    product = plant.product()
    body = {"product_id": product["id"], "bom_type": "Manufacturing", "lines": [needs(plant.raw(), 2)]}
    answer = plant.client.post(BOM, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["lines"][0]["id"]
    refused(plant.client.post(BOM, json=body), 409)


def test_bom_list(plant: Plant) -> None:
    product, bom = made(plant)
    answer = plant.client.get(BOM, params={"product_id": product["id"], "active_only": True})
    assert answer.status_code == 200
    assert [row["id"] for row in answer.json()] == [bom["id"]]


def test_bom_get(plant: Plant) -> None:
    _, bom = made(plant)
    answer = plant.client.get(f"{BOM}/{bom['id']}")
    assert answer.status_code == 200
    assert len(answer.json()["lines"]) == 2
    refused(plant.client.get(f"{BOM}/{NOBODY}"), 404)


def test_bom_update_makes_the_next_revision(plant: Plant) -> None:
    _, bom = made(plant)
    body = {"lines": [needs(plant.raw(), 5)], "revision_reason": "Less of it"}
    answer = plant.client.put(f"{BOM}/{bom['id']}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == bom["id"]
    assert answer.json()["revision"] != bom["revision"]


def test_bom_delete(plant: Plant) -> None:
    _, bom = made(plant)
    assert plant.client.delete(f"{BOM}/{bom['id']}").status_code == 204


# 2. The life of a task


def test_task_approve(plant: Plant) -> None:
    product, _ = made(plant)
    answer = plant.client.post(
        f"{TASKS}/{plant.task(product)['id']}/approve", params={"approval_notes": "ok"}
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "APPROVED")


def test_task_start(plant: Plant) -> None:
    product, _ = made(plant)
    task = plant.approved(product)
    answer = plant.client.post(f"{TASKS}/{task['id']}/start", params={"start_notes": "go"})
    assert (answer.status_code, answer.json()["status"]) == (200, "IN_PROGRESS")
    assert len(plant.work(task)) == 1


def test_task_complete(plant: Plant) -> None:
    product, _ = made(plant)
    path = f"{TASKS}/{plant.started(product)['id']}/complete"
    refused(plant.client.post(path, params={"actual_quantity": 5}), 409, "variance_too_large")
    answer = plant.client.post(path, params={"actual_quantity": 10, "quality_notes": "fine"})
    assert (answer.status_code, answer.json()["status"]) == (200, "COMPLETED")


# 3. Paths


@pytest.mark.parametrize(
    "path",
    ["/warehouse/bom", "/warehouse/items", "/ppic/tasks", "/ppic/dashboard/mo-summary", "/ppic/work-orders"],
)
def test_a_path_answers_with_and_without_its_version(plant: Plant, path: str) -> None:
    plain, versioned = (plant.client.get(f"{prefix}{path}") for prefix in ("/api", "/api/v1"))
    assert (plain.status_code, versioned.status_code) == (200, 200)
    assert type(plain.json()) is type(versioned.json())


# 4. CORS


def preflight(url: str, origin: str) -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return httpx.options(f"{url}{TASKS}", headers=headers, timeout=30)


def test_an_origin_of_nobody_is_not_allowed(server: Server) -> None:
    assert "access-control-allow-origin" not in preflight(server.url, "https://evil.example").headers


def test_origins_come_from_the_settings(server: Server) -> None:
    settings = server.settings.model_copy(update={"cors_origins": ["https://erp.example"]})
    with Server(settings, server.urls) as other:
        allowed = preflight(other.url, "https://erp.example")
        assert allowed.headers["access-control-allow-origin"] == "https://erp.example"
        assert "access-control-allow-origin" not in preflight(other.url, "https://evil.example").headers


# 5. Times


def test_times_are_utc_with_an_offset(plant: Plant) -> None:
    task = plant.task(plant.product())
    assert datetime.fromisoformat(task["created_at"]).utcoffset() == timedelta(0)


def test_another_offset_is_the_same_instant(plant: Plant) -> None:
    task = plant.task(plant.product(), due_at="2031-05-01T07:00:00+07:00")
    assert datetime.fromisoformat(task["due_at"]) == datetime(2031, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong", ["2031-05-01T07:00:00", "tomorrow", 1800000000, "9999-12-31T23:00:00-12:00"]
)
def test_a_time_without_an_offset_is_422(plant: Plant, wrong: Any) -> None:
    body = {"product_id": plant.product()["id"], "qty_planned": 1, "due_at": wrong}
    refused(plant.client.post(TASKS, json=body), 422)


# 6. From end to end


def test_from_materials_to_stock(plant: Plant) -> None:
    product, _ = made(plant)
    plant.complete(plant.started(product, 10), 10)
    assert plant.warehouse.on_hand(product) == [("10", "0")]
    plant.warehouse.check_books()


def test_a_revision_in_between_changes_nothing(plant: Plant) -> None:
    product, bom = made(plant)
    task = plant.approved(product)
    assert (
        plant.client.put(f"{BOM}/{bom['id']}", json={"lines": [], "revision_reason": "x"}).status_code == 200
    )
    assert plant.read(task)["revision_id"] == task["revision_id"]
    assert len(plant.components(task)) == 2


def test_three_tasks_in_one_batch(plant: Plant) -> None:
    product, _ = made(plant)
    tasks = [plant.task(product, 1) for _ in range(3)]
    for action in ("approve", "start", "complete"):
        assert plant.batch(action, tasks).status_code == 200
    assert {plant.read(task)["status"] for task in tasks} == {"COMPLETED"}


# 7. Permissions


def test_without_a_token_it_is_401(plant: Plant, anonymous: httpx.Client) -> None:
    refused(anonymous.get(TASKS), 401)
    refused(anonymous.post(f"{TASKS}/{NOBODY}/approve"), 401)


def test_without_the_permission_it_is_403(plant: Plant) -> None:
    viewer = plant.tenant.as_user("warehouse.view", "ppic.view")
    refused(viewer.post(BOM, json={"product_id": NOBODY}), 403)
    for action in ("approve", "start", "complete"):
        refused(viewer.post(f"{TASKS}/{NOBODY}/{action}"), 403)


def test_update_is_not_approve(plant: Plant) -> None:
    worker = plant.tenant.as_user("ppic.update")
    refused(worker.post(f"{TASKS}/{plant.task(plant.product())['id']}/approve"), 403)


# 8. Errors

ERRORS: list[tuple[str, Callable[[Plant], httpx.Response], int]] = [
    ("unknown task", lambda p: p.client.post(f"{TASKS}/{NOBODY}/approve"), 404),
    (
        "unknown product",
        lambda p: p.client.post(BOM, json={"product_id": NOBODY, "bom_type": "KIT_PHANTOM"}),
        404,
    ),
    ("wrong state", lambda p: p.try_to(p.task(p.product()), "start"), 409),
    ("wrong body", lambda p: p.client.post(TASKS, json={"qty_planned": "much"}), 422),
    ("unknown parameter", lambda p: p.client.get(TASKS, params={"skip": 1}), 400),
]


@pytest.mark.parametrize(("name", "call", "status"), ERRORS, ids=[name for name, _, _ in ERRORS])
def test_errors_are_problem_documents(
    plant: Plant, name: str, call: Callable[[Plant], httpx.Response], status: int
) -> None:
    assert refused(call(plant), status)["code"]


# 9. Performance, as bounds on queries and rows


def test_a_list_costs_as_many_queries_for_many_rows_as_for_one(plant: Plant) -> None:
    product, _ = made(plant)
    plant.task(product)
    with statements(plant) as one:
        assert len(plant.get("/tasks")) == 1
    for _ in range(10):
        plant.task(product)
    with statements(plant) as many:
        assert len(plant.get("/tasks")) == 11
    assert many[0] == one[0] <= 6


def test_approving_costs_as_many_queries_for_many_components_as_for_one(plant: Plant) -> None:
    few, many = (plant.task(made(plant, lines)[0]) for lines in (1, 30))
    costs = []
    for task in (few, many):
        with statements(plant) as ran:
            plant.act(task, "approve")
        costs.append(ran[0])
    assert costs[1] <= costs[0] <= 20


def test_a_list_answers_no_more_rows_than_its_limit(plant: Plant) -> None:
    product = plant.product()
    for _ in range(3):
        plant.task(product)
    answer = plant.client.get(TASKS, params={"limit": 2})
    assert len(answer.json()) == 2
    assert 'rel="next"' in answer.headers["link"]
    refused(plant.client.get(TASKS, params={"limit": 1001}), 422)


# 10. Repeating


def test_the_same_request_again_is_carried_out_once(plant: Plant) -> None:
    body, headers = {"product_id": plant.product()["id"], "qty_planned": 1}, {"Idempotency-Key": uuid4().hex}
    first, again = (plant.client.post(TASKS, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert len(plant.get("/tasks")) == 1
