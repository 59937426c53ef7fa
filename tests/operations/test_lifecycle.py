"""From PENDING to an end, whatever happens on the way."""

from uuid import UUID

import pytest

from app.kernel.jobs.engine import JobContext
from app.platform import operations
from app.platform.operations import Canceled, Superseded, Work
from app.platform.operations.run import _begin
from app.platform.operations.upkeep import FAIL_LOST_OPERATIONS
from tests.events.spine import as_superuser, writing
from tests.operations.following import event_types, read, run, start
from tests.operations.kinds import PAINT
from tests.support.server import Server
from tests.support.tenants import Tenant


def begin(server: Server, tenant: Tenant, operation_id: str) -> Work:
    context = JobContext(server.database, tenant.id, PAINT.name, "job:test")
    work = context.write(lambda tx: _begin(tx, context, UUID(operation_id), PAINT.attempts))
    assert work is not None
    return work


def test_it_runs_and_keeps_its_result(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="fine")
    pending = read(tenant, operation_id)
    assert (pending["status"], pending["attempts"], pending["started_at"]) == ("PENDING", 0, None)
    assert pending["progress"] == {"done": 0, "total": None, "message": ""}
    run(server, tenant, PAINT, operation_id, mode="fine")
    done = read(tenant, operation_id)
    assert done["status"] == "SUCCEEDED"
    assert done["result"] == {"colour": "red", "turn": 1}
    assert done["progress"] == {"done": 1, "total": 1, "message": "painted"}
    assert done["started_at"] <= done["finished_at"]
    assert event_types(server, tenant, operation_id) == ["operation.started", "operation.succeeded"]


def test_what_the_work_does_is_caused_by_the_start(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="fine")
    run(server, tenant, PAINT, operation_id, mode="fine")
    lines = tenant.client.get("/api/thread?ref=asset:1").json()
    started, painted, ended = lines
    assert [line["type"] for line in lines] == ["operation.started", "test.painted", "operation.succeeded"]
    assert painted["cause"]["id"] == ended["cause"]["id"] == started["id"]
    assert {line["correlation_id"] for line in lines} == {started["correlation_id"]}


def test_a_problem_fails_it_at_once_and_is_kept(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="problem")
    run(server, tenant, PAINT, operation_id, mode="problem")
    failed = read(tenant, operation_id)
    assert (failed["status"], failed["attempts"]) == ("FAILED", 1)
    assert (failed["problem"]["code"], failed["problem"]["colour"]) == ("out_of_paint", "red")
    assert failed["problem"]["instance"] == f"/api/operations/{operation_id}"
    assert event_types(server, tenant, operation_id)[-1] == "operation.failed"


def test_another_exception_is_tried_again(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="flaky")
    with pytest.raises(RuntimeError):
        run(server, tenant, PAINT, operation_id, mode="flaky")
    assert read(tenant, operation_id)["status"] == "RUNNING"
    run(server, tenant, PAINT, operation_id, mode="flaky")
    assert read(tenant, operation_id)["result"] == {"colour": "red", "turn": 2}


def test_attempts_exhausted_it_fails_and_tells_no_secret(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="broken")
    for _ in range(PAINT.attempts):
        with pytest.raises(RuntimeError):
            run(server, tenant, PAINT, operation_id, mode="broken")
    failed = read(tenant, operation_id)
    assert (failed["status"], failed["problem"]["code"]) == ("FAILED", "internal_error")
    assert "secret" not in str(failed)
    run(server, tenant, PAINT, operation_id, mode="broken")
    assert read(tenant, operation_id) == failed


def test_canceled_before_it_began_it_never_runs(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="fine")
    canceled = tenant.client.post(f"/api/operations/{operation_id}:cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "CANCELED")
    run(server, tenant, PAINT, operation_id, mode="fine")
    assert read(tenant, operation_id)["result"] is None
    again = tenant.client.post(f"/api/operations/{operation_id}:cancel")
    assert (again.status_code, again.json()["code"]) == (409, "operation_finished")
    assert event_types(server, tenant, operation_id) == ["operation.started", "operation.canceled"]


def test_running_work_is_asked_to_stop(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="fine")
    work = begin(server, tenant, operation_id)
    work.check()
    asked = tenant.client.post(f"/api/operations/{operation_id}:cancel").json()
    assert (asked["status"], asked["cancel_requested"]) == ("RUNNING", True)
    with pytest.raises(Canceled):
        work.check()
    run(server, tenant, PAINT, operation_id, mode="fine")
    assert read(tenant, operation_id)["status"] == "CANCELED"


def test_a_run_that_was_taken_for_dead_changes_nothing_any_more(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="fine")
    old = begin(server, tenant, operation_id)
    new = begin(server, tenant, operation_id)
    with pytest.raises(Superseded):
        old.check()
    with pytest.raises(Superseded):
        old.write(lambda tx: old.finish(tx, {"by": "old"}))
    new.write(lambda tx: new.finish(tx, {"by": "new"}))
    assert read(tenant, operation_id)["result"] == {"by": "new"}


def test_an_operation_whose_job_is_gone_does_not_run_for_ever(server: Server, tenant: Tenant) -> None:
    operation_id, other = (start(server, tenant, PAINT, mode="fine") for _ in range(2))
    begin(server, tenant, operation_id)
    as_superuser(
        server.urls,
        "UPDATE jobs.procrastinate_jobs SET status = 'failed' WHERE args->>'operation_id' = %(id)s",
        id=operation_id,
    )
    FAIL_LOST_OPERATIONS.perform(server.database, tenant.id, "tick", {})
    failed = read(tenant, operation_id)
    assert (failed["status"], failed["problem"]["code"]) == ("FAILED", "operation_worker_lost")
    assert read(tenant, other)["status"] == "PENDING"


def test_a_start_that_is_rolled_back_leaves_neither_row_nor_job(server: Server, tenant: Tenant) -> None:
    def start_and_fail() -> None:
        with writing(server.database, tenant.id) as tx:
            operations.start(tx, PAINT, mode="fine")
            raise LookupError

    with pytest.raises(LookupError):
        start_and_fail()
    assert tenant.client.get("/api/operations").json() == []
