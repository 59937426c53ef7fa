"""A server killed in mid-batch stores the batch whole or not at all, and what it acknowledged is there."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from uuid import uuid4

import httpx
import psycopg
import pytest

from app.kernel.db import migrate
from app.kernel.embedded import temporary_stack
from tests.crash.test_crash import free_port, serving
from tests.support.databases import Servers, driver
from tests.support.server import Server, settings_for
from tests.support.tenants import Tenant, make_tenant

LINES = 15_000
_WRITING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%load_signal%' AND pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def urls() -> Iterator[Servers]:
    with temporary_stack(durable=True) as running:
        migrate.upgrade(driver(running.urls.owner_url))
        yield Servers(**asdict(running.urls))


class Sender(threading.Thread):
    """Sends batches of lines, each of a service name of its own, until the connection breaks."""

    def __init__(self, url: str, tenant: Tenant) -> None:
        super().__init__(daemon=True)
        self.url, self.tenant = url, tenant
        self.acknowledged: list[str] = []
        self.sent: list[str] = []

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.tenant.token}", "Content-Type": "application/x-ndjson"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60) as client:
            while True:
                name = f"batch-{uuid4().hex}"
                item = {"signal_type": "METRIC", "service_name": name, "signal_name": "m", "numeric_value": 1}
                self.sent.append(name)
                try:
                    answer = client.post(
                        "/api/observability/signals:ingest", content=(json.dumps(item) + "\n") * LINES
                    )
                except httpx.TransportError:
                    return
                assert answer.status_code == 201, answer.text
                self.acknowledged.append(name)


def test_a_batch_is_stored_whole_or_not(urls: Servers) -> None:
    with Server(settings_for(urls), urls) as helper:
        tenant = make_tenant(helper)
        assert tenant.client.put(
            "/api/observability/signals/settings", json={"items_per_second": 10_000_000}
        ).is_success
        tenant.close()
    port = free_port()
    with (
        serving(urls, port) as process,
        psycopg.connect(urls.superuser_url, autocommit=True) as admin,
    ):
        senders = [Sender(f"http://127.0.0.1:{port}", tenant) for _ in range(3)]
        for sender in senders:
            sender.start()
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            (writing,) = admin.execute(_WRITING).fetchone() or (0,)
            if writing and sum(len(sender.acknowledged) for sender in senders) >= 3:
                process.send_signal(signal.SIGKILL)
                break
        else:
            raise AssertionError("no batch was seen being written")
        process.wait()
        for sender in senders:
            sender.join(timeout=60)
    acknowledged = {name for sender in senders for name in sender.acknowledged}
    sent = {name for sender in senders for name in sender.sent}
    assert len(acknowledged) >= 3
    assert sent - acknowledged, "nothing was in flight"
    query = "SELECT service_name, count(*) FROM signal WHERE tenant_id = %s GROUP BY 1"
    with psycopg.connect(urls.superuser_url) as conn:
        stored = dict(conn.execute(query, (tenant.id,)).fetchall())
        batches = conn.execute(
            "SELECT count(*), sum(item_count) FROM signal_batch WHERE tenant_id = %s", (tenant.id,)
        ).fetchone()
    assert set(stored.values()) == {LINES}
    assert acknowledged <= stored.keys() <= sent
    assert batches == (len(stored), LINES * len(stored))
