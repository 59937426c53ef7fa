"""Who sees which operation; waiting for one costs nobody else anything."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.kernel.jobs.wait import DONE_CHANNEL
from tests.operations.following import read, run, start, wait_until
from tests.operations.kinds import PAINT
from tests.support.server import Server
from tests.support.tenants import Tenant

pytestmark = pytest.mark.usefixtures("paints")


def test_one_sees_ones_own_and_those_of_kinds_one_may(server: Server, tenant: Tenant, rival: Tenant) -> None:
    painter, other_painter = tenant.as_user("assets.write"), tenant.as_user("assets.write")
    nobody, overseer = tenant.as_user("identity.read"), tenant.as_user("operations.read")
    made = painter.post("/api/test-paints?wait_seconds=0", json={}).json()
    path = f"/api/operations/{made['operation_id']}"
    for client in (painter, other_painter, overseer):
        assert [found["id"] for found in client.get("/api/operations").json()] == [made["operation_id"]]
        assert client.get(path).status_code == 200
    for client in (nobody, rival.client):
        assert client.get("/api/operations").json() == []
        assert client.get(path).json()["code"] == "operation_not_found"
        assert client.post(f"{path}:cancel").status_code == 404
    refused = overseer.post(f"{path}:cancel")
    assert (refused.status_code, refused.json()["permission"]) == (403, "assets.write")
    assert other_painter.post(f"{path}:cancel").json()["status"] == "CANCELED"


def test_an_api_key_and_its_user_see_the_same(server: Server, tenant: Tenant) -> None:
    painter = tenant.as_user("assets.write", "identity.read", "identity.write")
    key = painter.post("/api/identity/api-keys", json={"name": "ci", "scopes": ["identity.read"]})
    assert key.status_code == 201, key.text
    made = painter.post("/api/test-paints?wait_seconds=0", json={}).json()
    found = tenant.with_token(key.json()["secret"]).get("/api/operations").json()
    assert [operation["id"] for operation in found] == [made["operation_id"]]


def test_the_list_narrows_by_kind_status_and_subject(server: Server, tenant: Tenant) -> None:
    first, second = (start(server, tenant, PAINT, mode="fine") for _ in range(2))
    run(server, tenant, PAINT, second, mode="fine")

    def found(**params: str) -> list[str]:
        answer = tenant.client.get("/api/operations", params=params)
        assert answer.status_code == 200, answer.text
        return [operation["id"] for operation in answer.json()]

    assert found() == [second, first]
    assert found(status="PENDING") == [first]
    assert found(kind="test.paint", subject="asset:1", status="SUCCEEDED") == [second]
    assert found(kind="no.such") == []
    assert tenant.client.get("/api/operations?status=LATE").status_code == 422


def test_if_match_guards_a_cancel(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="fine")
    answer = tenant.client.post(f"/api/operations/{operation_id}:cancel", headers={"If-Match": '"99"'})
    assert answer.status_code == 412
    assert read(tenant, operation_id)["status"] == "PENDING"


def test_a_wait_that_runs_out_answers_the_state_as_it_is(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="fine")
    answer = tenant.client.get(f"/api/operations/{operation_id}?wait_seconds=0.05")
    assert (answer.status_code, answer.json()["status"]) == (200, "PENDING")
    assert tenant.client.get(f"/api/operations/{operation_id}?wait_seconds=16").status_code == 422


def test_24_waiting_requests_block_nobody_and_all_learn_the_end(server: Server, tenant: Tenant) -> None:
    operation_id = start(server, tenant, PAINT, mode="fine")
    topic = (DONE_CHANNEL, f"{tenant.id}:{operation_id}")
    path = f"/api/operations/{operation_id}?wait_seconds=15"
    limits = httpx.Limits(max_connections=50)
    headers = {"Authorization": f"Bearer {tenant.token}"}
    with (
        httpx.Client(base_url=server.url, headers=headers, timeout=30, limits=limits) as client,
        ThreadPoolExecutor(24) as pool,
    ):
        waiting = [pool.submit(client.get, path) for _ in range(24)]
        wait_until(lambda: len(server.runtime.live._topics.get(topic, ())) == 24)
        for _ in range(20):
            assert client.get("/api/identity/me").status_code == 200
        assert not any(request.done() for request in waiting)
        assert server.database.in_use() <= server.runtime.live.readers.total_tokens + 1
        run(server, tenant, PAINT, operation_id, mode="fine")
        assert {request.result().json()["status"] for request in waiting} == {"SUCCEEDED"}
    assert topic not in server.runtime.live._topics


def test_a_route_that_waits_answers_the_final_state(server: Server, tenant: Tenant) -> None:
    with ThreadPoolExecutor(1) as pool:
        posted = pool.submit(tenant.client.post, "/api/test-paints", json={"mode": "fine"})
        wait_until(lambda: tenant.client.get("/api/operations").json())
        operation_id = tenant.client.get("/api/operations").json()[0]["id"]
        run(server, tenant, PAINT, operation_id, mode="fine")
        answer = posted.result()
    assert answer.status_code == 201
    assert answer.json() == {"operation_id": operation_id, "status": "SUCCEEDED"}


def test_a_replay_waits_for_the_same_work_and_starts_no_other(server: Server, tenant: Tenant) -> None:
    headers = {"Idempotency-Key": "one"}
    path = "/api/test-paints?wait_seconds=0"
    first = tenant.client.post(path, json={"mode": "fine"}, headers=headers)
    assert (first.status_code, first.json()["status"]) == (201, "PENDING")
    assert "Idempotency-Replayed" not in first.headers
    run(server, tenant, PAINT, first.json()["operation_id"], mode="fine")
    second = tenant.client.post(path, json={"mode": "fine"}, headers=headers)
    assert second.status_code == 201
    assert second.json() == first.json() | {"status": "SUCCEEDED"}
    assert second.headers["Idempotency-Replayed"] == "true"
    assert not any("hangar-deferred" in name for name in second.headers)
    assert len(tenant.client.get("/api/operations").json()) == 1
    other = tenant.client.post(path, json={"mode": "problem"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
