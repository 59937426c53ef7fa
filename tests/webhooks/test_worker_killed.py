"""A worker that is killed while a receiver has the message: the message is delivered, again."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from app.kernel.jobs import worker
from app.platform.webhooks.delivery import DELIVER
from app.registry import OUTLETS
from tests.support.databases import Servers, dump
from tests.support.sealing import seal_all
from tests.support.server import Server, own_server
from tests.support.tenants import make_tenant
from tests.webhooks.receiver import Receiver, status


@pytest.fixture
def server_with_own_jobs(pg: Servers, worker_id: str) -> Iterator[Server]:
    with own_server(pg, f"hangar_kill_{worker_id}") as running:
        yield running


def _retry_stalled(server: Server) -> int:
    """What the worker's upkeep does after its grace; here at once, because we know that the worker is dead."""
    app = worker.build(server.settings, server.database, [DELIVER], list)

    async def retry() -> int:
        async with app.open_async():
            stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=0))
            for job in stalled:
                await app.job_manager.retry_job(job)
            await app.run_worker_async(queues=["interactive"], wait=False, install_signal_handlers=False)
        return len(stalled)

    return asyncio.run(retry())


def test_a_killed_workers_delivery_is_made_again_under_the_same_id(server_with_own_jobs: Server) -> None:
    server = server_with_own_jobs
    tenant = make_tenant(server)
    taken, never = threading.Event(), threading.Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        taken.set()
        never.wait()

    with Receiver(answer=hold) as receiver:
        made = tenant.post("/api/webhooks", url=receiver.url, event_types=["asset.*"])
        tested = tenant.client.post(f"/api/webhooks/{made['id']}:test")
        assert tested.status_code == httpx.codes.ACCEPTED
        seal_all(server.database, tenant.id, OUTLETS)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.webhooks.worker_process"], stdin=subprocess.PIPE
        )
        try:
            assert process.stdin is not None
            process.stdin.write(dump(server.urls).encode())
            process.stdin.close()
            assert taken.wait(100), "the worker never called the receiver"
        finally:
            process.kill()
            process.wait()
        receiver.answer = status(200)
        assert _retry_stalled(server) == 1
        never.set()

        first, second = receiver.received
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert second.verified(str(made["secret"]))["type"] == "webhook.tested"
    (delivery,) = tenant.client.get(f"/api/webhooks/{made['id']}/deliveries").json()
    assert (delivery["status"], delivery["attempts"]) == ("DELIVERED", 1)
    tenant.close()
