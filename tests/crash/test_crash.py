"""Nothing acknowledged is lost, whatever is killed under load."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from app.kernel.embedded import EmbeddedStack
from tests.crash.load import Load
from tests.support.databases import Servers
from tests.support.server import Server, settings_for
from tests.support.tenants import Tenant, make_tenant

CHECKOUT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(urls: Servers, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server process of its own, ready."""
    environment = (
        os.environ | urls.environment() | {"HANGAR_LOG_LEVEL": "ERROR", "HANGAR_RATE_LIMIT_ENABLED": "false"}
    )
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, cwd=CHECKOUT)
    try:
        wait_ready(f"http://127.0.0.1:{port}", process)
        yield process
    finally:
        process.kill()
        process.wait()


def wait_ready(url: str, process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process is None or process.poll() is None, "the server ended"
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the server did not get ready")


def assert_nothing_lost(urls: Servers, tenant: Tenant, acknowledged: list[str]) -> None:
    """Every acknowledged asset is there, and has exactly one event, which is its audit record too."""
    with psycopg.connect(urls.superuser_url) as conn:
        rows = conn.execute(
            "SELECT a.id::text, count(e.id) FROM asset a LEFT JOIN event e ON e.tenant_id = a.tenant_id"
            " AND e.subject = 'asset:' || a.id AND e.type = 'asset.registered'"
            " WHERE a.tenant_id = %s GROUP BY a.id",
            [str(tenant.id)],
        ).fetchall()
    stored = dict(rows)
    assert set(acknowledged) <= set(stored)
    assert set(stored.values()) == {1}


def test_a_server_killed_under_load_loses_nothing_it_acknowledged(urls: Servers) -> None:
    with Server(settings_for(urls), urls) as helper:
        tenant = make_tenant(helper)
        tenant.close()
    port = free_port()
    with serving(urls, port) as process, Load(f"http://127.0.0.1:{port}", tenant.token) as load:
        load.wait_for(40)
        process.send_signal(signal.SIGKILL)
        process.wait()
        load.wait_for_status(0)
    assert_nothing_lost(urls, tenant, load.acknowledged)
    with serving(urls, port), Load(f"http://127.0.0.1:{port}", tenant.token) as again:
        again.wait_for(5)
    assert_nothing_lost(urls, tenant, load.acknowledged + again.acknowledged)


def test_valkey_killed_under_load_is_never_a_5xx(stack: EmbeddedStack, urls: Servers) -> None:
    with Server(settings_for(urls), urls) as server:
        tenant = make_tenant(server)
        with Load(server.url, tenant.token) as load:
            load.wait_for(10)
            stack.valkey.kill()
            load.wait_for(20)
            ready = httpx.get(f"{server.url}/readyz", timeout=10)
            assert (ready.status_code, ready.json()["checks"]["redis"]) == (200, "degraded")
            stack.valkey.start()
            load.wait_for(10)
        tenant.close()
        assert set(load.statuses) == {201}


def test_postgresql_restarted_under_load_is_503_with_retry_after_and_then_recovers(
    stack: EmbeddedStack, urls: Servers
) -> None:
    with Server(settings_for(urls), urls) as server:
        tenant = make_tenant(server)
        with Load(server.url, tenant.token) as load:
            load.wait_for(10)
            stack.postgres.kill()
            load.wait_for_status(503)
            assert httpx.get(f"{server.url}/readyz", timeout=10).status_code == 503
            stack.postgres.start()
            load.wait_for(20)
        tenant.close()
        assert set(load.statuses) <= {201, 503}
        assert all(answer.headers["retry-after"] for answer in load.unavailable)
        assert {answer.json()["code"] for answer in load.unavailable} == {"service_unavailable"}
        assert_nothing_lost(urls, tenant, load.acknowledged)
