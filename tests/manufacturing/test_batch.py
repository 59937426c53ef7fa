"""Many tasks at once: three modes, one transaction, a number of statements that does not grow."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import event

from tests.crash.test_crash import free_port, serving
from tests.manufacturing.plant import TASKS, Plant, needs
from tests.manufacturing.warehouse import Json
from tests.support.fleet import refused
from tests.support.tenants import Tenant
from tests.support.waiting import somebody_waits, wait_until


def many(
    plant: Plant, count: int, lines: int = 2, stock: int = 10_000
) -> tuple[Json, list[Json], list[Json]]:
    """A product of some materials, and so many drafts of it."""
    materials = [plant.raw(stock) for _ in range(lines)]
    product = plant.product(*(needs(material, 1) for material in materials))
    return product, materials, [plant.task(product, 1) for _ in range(count)]


def statuses(plant: Plant, tasks: list[Json]) -> list[str]:
    return [plant.read(task)["status"] for task in tasks]


def test_a_batch_goes_through_the_whole_life(plant: Plant) -> None:
    product, materials, tasks = many(plant, 5)
    for action, status in (("approve", "APPROVED"), ("start", "IN_PROGRESS"), ("complete", "COMPLETED")):
        answer = plant.batch(action, tasks, notes=action)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["mode"], told["requested"], told["changed"], told["failed"]) == ("atomic", 5, 5, 0)
        assert [row["task_id"] for row in told["results"]] == [task["id"] for task in tasks]
        assert {(row["status"], row["task_status"]) for row in told["results"]} == {("ok", status)}
    assert plant.warehouse.on_hand(product) == [("5", "0")]
    assert [plant.warehouse.on_hand(material) for material in materials] == [[("9995", "0")]] * 2
    plant.warehouse.check_books()


@pytest.mark.parametrize("action", ["approve", "start", "complete"])
def test_an_atomic_batch_with_one_invalid_leaves_nothing(plant: Plant, action: str) -> None:
    product, materials, tasks = many(plant, 3)
    for before in ("approve", "start")[: ("approve", "start", "complete").index(action)]:
        plant.batch(before, tasks)
    wrong = plant.act(plant.task(product, 1), ":cancel")
    before, stock = statuses(plant, tasks), plant.warehouse.on_hand(materials[0])
    problem = refused(plant.batch(action, [*tasks, wrong]), 409, "batch_failed")
    assert [row["status"] for row in problem["results"]] == ["ok", "ok", "ok", "task_move_refused"]
    assert problem["results"][3]["allowed"] == []
    assert statuses(plant, tasks) == before
    assert plant.warehouse.on_hand(materials[0]) == stock


def test_best_effort_does_what_can_be_done(plant: Plant) -> None:
    _, _, tasks = many(plant, 3)
    plant.act(tasks[1], "approve")
    unknown = {"id": str(uuid4())}
    told = plant.batch("approve", [*tasks, unknown], mode="best_effort").json()
    assert [row["status"] for row in told["results"]] == ["ok", "task_move_refused", "ok", "not_found"]
    assert (told["changed"], told["failed"]) == (2, 2)
    assert statuses(plant, tasks) == ["APPROVED"] * 3


def test_a_dry_run_says_what_would_happen_and_writes_nothing(plant: Plant, raw: psycopg.Connection) -> None:
    _, materials, tasks = many(plant, 3, stock=2)
    before = raw.execute("SELECT count(*) FROM event WHERE tenant_id = %s", [plant.tenant.id]).fetchone()
    told = plant.batch("approve", tasks, mode="dry_run").json()
    assert [row["task_status"] for row in told["results"]] == ["APPROVED"] * 3
    assert sorted(row["material_status"] for row in told["results"]) == ["READY", "READY", "SHORT"]
    assert statuses(plant, tasks) == ["DRAFT"] * 3
    assert plant.warehouse.on_hand(materials[0]) == [("2", "0")]
    after = raw.execute("SELECT count(*) FROM event WHERE tenant_id = %s", [plant.tenant.id]).fetchone()
    assert after == before


def test_quantities_and_variances_of_a_batch(plant: Plant) -> None:
    product = plant.product()
    tasks = [plant.started(product, 100) for _ in range(3)]
    quantities = {tasks[0]["id"]: "95", tasks[1]["id"]: "50"}
    problem = refused(plant.batch("complete", tasks, quantities=quantities), 409, "batch_failed")
    assert [row["status"] for row in problem["results"]] == ["ok", "variance_too_large", "ok"]
    allowed = {"quantities": quantities, "variance_override": True, "quality_notes": "Flood"}
    worker = plant.tenant.as_user("ppic.update")
    body = {"task_ids": [task["id"] for task in tasks], "mode": "best_effort"} | allowed
    told = worker.post(f"{TASKS}/batch/complete", json=body).json()
    assert [row["status"] for row in told["results"]] == ["ok", "variance_too_large", "ok"]
    assert plant.batch("complete", [tasks[1]], **allowed).status_code == 200
    assert [plant.read(task)["qty_good"] for task in tasks] == ["95", "50", "100"]
    assert [plant.read(task)["variance_class"] for task in tasks] == ["MINOR", "MAJOR", "EXACT"]


def test_a_batch_needs_the_right_for_its_tasks(plant: Plant) -> None:
    _, _, tasks = many(plant, 1)
    body = {"task_ids": [tasks[0]["id"]]}
    viewer = plant.tenant.as_user("ppic.view", "ppic.update")
    refused(viewer.post(f"{TASKS}/batch/approve", json=body), 403, "permission_denied")
    refused(plant.tenant.as_user("ppic.view").post(f"{TASKS}/batch/start", json=body), 403)
    refused(plant.tenant.as_user("ppic.view").post(f"{TASKS}/batch/complete", json=body), 403)


def test_a_batch_has_at_least_one_and_at_most_10000_tasks(plant: Plant) -> None:
    for ids in ([], [str(uuid4())] * 10_001):
        refused(plant.client.post(f"{TASKS}/batch/approve", json={"task_ids": ids}), 422)


def test_a_task_named_twice_is_changed_once(plant: Plant) -> None:
    _, _, tasks = many(plant, 1)
    told = plant.batch("approve", [tasks[0], tasks[0]]).json()
    assert (told["requested"], told["changed"], len(told["results"])) == (1, 1, 1)


def test_the_same_batch_again_answers_the_same(plant: Plant) -> None:
    _, materials, tasks = many(plant, 2)
    body, headers = {"task_ids": [task["id"] for task in tasks]}, {"Idempotency-Key": uuid4().hex}
    first = plant.client.post(f"{TASKS}/batch/approve", json=body, headers=headers)
    again = plant.client.post(f"{TASKS}/batch/approve", json=body, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert plant.warehouse.on_hand(materials[0]) == [("10000", "2")]


def counted(plant: Plant, call: Any) -> int:
    """How many statements the server ran for this call."""
    engine = plant.tenant.server.database.engine
    ran = []

    def note(*_: Any) -> None:
        ran.append(1)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert call().status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(ran)


def test_the_number_of_statements_does_not_grow_with_the_batch(plant: Plant) -> None:
    _, _, few = many(plant, 2)
    _, _, more = many(plant, 20, lines=4)
    for action in ("approve", "start", "complete"):
        small = counted(plant, lambda action=action: plant.batch(action, few))
        large = counted(plant, lambda action=action: plant.batch(action, more))
        assert large <= small, action


def copies(raw: psycopg.Connection, tenant: Tenant, task: Json, count: int) -> list[Json]:
    """Drafts like this one, made in the database: a thousand of them over HTTP would take the test's whole time."""
    rows = raw.execute(
        """
        WITH fresh AS (
          INSERT INTO production_order (tenant_id, id, number, product_id, revision_id, bom_hash, qty_planned,
                                        created_by, created_at, updated_at)
          SELECT o.tenant_id, gen_random_uuid(), o.number || '-' || n, o.product_id, o.revision_id, o.bom_hash,
                 o.qty_planned, o.created_by, o.created_at, o.updated_at
          FROM production_order o, generate_series(1, %(count)s) AS n
          WHERE o.tenant_id = %(tenant)s AND o.id = %(task)s RETURNING id
        ), parts AS (
          INSERT INTO production_component (tenant_id, id, order_id, position, item_id, qty_per_unit, qty_required)
          SELECT c.tenant_id, gen_random_uuid(), fresh.id, c.position, c.item_id, c.qty_per_unit, c.qty_required
          FROM production_component c, fresh WHERE c.tenant_id = %(tenant)s AND c.order_id = %(task)s
        )
        SELECT id::text FROM fresh
        """,
        {"tenant": tenant.id, "task": task["id"], "count": count},
    ).fetchall()
    return [{"id": name} for (name,) in rows]


def test_a_thousand_with_the_last_one_invalid_leave_nothing(plant: Plant, raw: psycopg.Connection) -> None:
    product, materials, (task,) = many(plant, 1, lines=10, stock=100_000)
    tasks = copies(raw, plant.tenant, task, 999)
    wrong = plant.act(plant.task(product, 1), ":cancel")
    problem = refused(plant.batch("approve", [*tasks, wrong]), 409, "batch_failed")
    assert len(problem["results"]) == 1000
    assert problem["results"][-1]["status"] == "task_move_refused"
    assert [plant.warehouse.on_hand(material) for material in materials] == [[("100000", "0")]] * 10
    told = plant.batch("approve", tasks).json()
    assert told["changed"] == 999
    assert {row["material_status"] for row in told["results"]} == {"READY"}
    assert [plant.warehouse.on_hand(material) for material in materials] == [[("100000", "999")]] * 10


def test_a_batch_killed_in_the_middle_leaves_all_or_nothing(
    plant: Plant, raw: psycopg.Connection, urls: Any
) -> None:
    """The server dies by SIGKILL while it waits, in mid-batch, for an item that we hold."""
    _, materials, (task,) = many(plant, 1, lines=2)
    tasks = copies(raw, plant.tenant, task, 50)
    port = free_port()
    headers = {"Authorization": f"Bearer {plant.tenant.token}"}
    body = {"task_ids": [one["id"] for one in tasks]}
    with serving(urls, port) as process, psycopg.connect(plant.tenant.server.urls.superuser_url) as holder:
        holder.execute("SELECT FROM item WHERE id = %s FOR UPDATE", [materials[1]["id"]])
        with (
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client,
            ThreadPoolExecutor(1) as pool,
        ):
            call = pool.submit(client.post, f"{TASKS}/batch/approve", json=body)
            wait_until(lambda: somebody_waits(raw))
            os.kill(process.pid, signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                call.result()
        holder.rollback()
    wait_until(lambda: not somebody_waits(raw))
    assert {plant.read(one)["status"] for one in tasks} == {"DRAFT"}
    assert plant.warehouse.on_hand(materials[0]) == [("10000", "0")]
    assert plant.batch("approve", tasks).json()["changed"] == 50
