"""The unit of work: retried when the database asks for it, never half done, and never waiting for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from sqlalchemy.exc import InternalError

from app.kernel.obs.metrics import TX_RETRIES
from tests.support.databases import Servers
from tests.support.server import Server, settings_for
from tests.support.tenants import Tenant, make_tenant

GOOD = {"asset_type": "UAV", "asset_code": "U-1", "name": "One"}


def test_a_deadlock_never_reaches_the_client(tenant: Tenant, urls: Servers) -> None:
    """A rival transaction that deadlocks with a request makes the request run again, not fail."""
    retried = TX_RETRIES._value.get()
    made = tenant.client.post("/api/assets", json=GOOD).json()
    other = tenant.client.post("/api/assets", json=GOOD | {"asset_code": "U-2"}).json()
    reservation = {"starts_at": "2099-01-01T00:00:00Z", "ends_at": "2099-01-02T00:00:00Z"}
    held = tenant.client.post("/api/assets/reservations", json=reservation | {"asset_id": made["id"]}).json()
    with psycopg.connect(urls.superuser_url) as rival:
        rival.execute("SET deadlock_timeout = '30s'")
        rival.execute("SELECT FROM reservation WHERE id = %s FOR UPDATE", [held["id"]])
        canceling: list[httpx.Response] = []
        path = f"/api/assets/reservations/{held['id']}:cancel"
        thread = threading.Thread(target=lambda: canceling.append(tenant.client.post(path)))
        thread.start()
        wait_for_lock_waiter(urls)
        # The request holds the asset and waits for the reservation; this closes the circle.
        rival.execute("SELECT FROM asset WHERE id = %s FOR UPDATE", [made["id"]])
        rival.rollback()
        thread.join(timeout=30)
    assert [answer.status_code for answer in canceling] == [200]
    assert TX_RETRIES._value.get() == retried + 1
    assert tenant.client.get(f"/api/assets/{other['id']}").status_code == 200


def wait_for_lock_waiter(urls: Servers) -> None:
    with psycopg.connect(urls.superuser_url, autocommit=True) as watcher:
        for _ in range(10_000):
            waiting = watcher.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'hangar_app'"
                " AND datname = current_database()"
            ).fetchone()
            if waiting is not None and waiting[0]:
                return
            watcher.execute("SELECT pg_sleep(0.005)")
    raise AssertionError("nobody waits for a lock")


def test_an_exhausted_pool_is_503_with_retry_after_and_recovers(urls: Servers) -> None:
    settings = settings_for(urls, pool_size=2, pool_timeout_seconds=0.2)
    with Server(settings, urls) as server:
        tenant = make_tenant(server)
        with server.database.engine.connect(), server.database.engine.connect():
            answer = tenant.client.get("/api/assets")
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: tenant.client.get("/api/assets"), range(24)))
        assert {a.status_code for a in answers} <= {200, 503}
        assert tenant.client.get("/api/assets").status_code == 200
        tenant.close()


def test_a_get_can_write_nothing_even_by_mistake(server: Server, tenant: Tenant) -> None:
    """Reading transactions are read-only in PostgreSQL, whatever the code does."""
    claim = server.runtime.principals.identify(tenant.token)
    with server.database.connect() as conn, conn.begin():
        server.runtime.principals.open(conn, claim, read_only=True)
        with pytest.raises(InternalError, match="read-only transaction"):
            conn.exec_driver_sql("UPDATE drone SET name = 'x'")
