"""Hangar's own metrics as signals of the platform tenant, the rules over them, and gauges that are never stale."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psycopg
import pytest
from prometheus_client import REGISTRY

from app.domains.observability import Finding, Observer, Severity, Source, raise_alert
from app.domains.observability.ingest.schemas import SignalItem
from app.domains.observability.ingest.service import ingest_items
from app.domains.observability.platform_metrics import reading, rules
from app.domains.observability.platform_metrics.protection import measure_protection
from app.domains.observability.platform_metrics.reading import Totals, between, quantile
from app.domains.observability.words import SignalType
from app.kernel.db.engine import Database
from app.kernel.embedded.janitor import CHECKOUT
from app.kernel.jobs.backlog import keep_measuring, measure_backlog
from app.kernel.obs import metrics
from app.settings import Settings
from tests.events.spine import as_superuser, writing
from tests.observability.inspecting import log
from tests.support.databases import Servers, driver
from tests.support.server import Server, own_server, settings_for
from tests.support.tenants import Tenant, make_tenant
from tests.support.waiting import wait_until


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


@pytest.mark.parametrize(
    ("buckets", "p95"),
    [
        ({0.1: 0.0, 1.0: 100.0, float("inf"): 100.0}, 0.955),
        ({0.1: 95.0, 1.0: 100.0, float("inf"): 100.0}, 0.1),
        ({0.1: 0.0, 1.0: 10.0, float("inf"): 100.0}, 1.0),
        ({0.1: 0.0, 1.0: 0.0, float("inf"): 0.0}, None),
        ({}, None),
    ],
)
def test_the_quantile_of_a_histogram(buckets: dict[float, float], p95: float | None) -> None:
    found = quantile(0.95, buckets)
    assert found == (None if p95 is None else pytest.approx(p95))


def test_what_happened_between_two_readings() -> None:
    before = Totals({"2xx": 5, "5xx": 1}, {0.1: 5, float("inf"): 6}, retries=1, rate_limited=0)
    after = Totals({"2xx": 9, "5xx": 1, "4xx": 2}, {0.1: 9, float("inf"): 12}, retries=3, rate_limited=4)
    found = {(s.name, s.labels.get("status_class")): s.value for s in between(before, after)}
    assert found == {
        ("http.requests", "2xx"): 4,
        ("http.requests", "4xx"): 2,
        ("http.latency_p95", None): 0.1,
        ("db.tx_retries", None): 2,
        ("http.rate_limited", None): 4,
    }


def test_requests_are_counted_by_class_and_probes_are_not(tenant: Tenant) -> None:
    before = reading.totals()
    assert tenant.client.get("/healthz").status_code == 200
    assert tenant.client.get("/api/identity/me").status_code == 200
    assert tenant.client.get(f"/api/identity/users/{uuid4()}").status_code == 404
    found = {s.labels.get("status_class"): s.value for s in between(before, reading.totals())}
    assert (found["2xx"], found["4xx"]) == (1, 1)


def observed(server: Server, tenant: Tenant, **changes: object) -> Settings:
    return settings_for(server.urls, platform_tenant=tenant.name, **changes)


def test_a_round_stores_metrics_of_the_platform_tenant(tenant: Tenant, rival: Tenant) -> None:
    server = Observer(tenant.server.database, observed(tenant.server, tenant), "server")
    assert tenant.client.get("/api/identity/me").status_code == 200
    assert server.observe() >= 4
    worker = Observer(tenant.server.database, observed(tenant.server, tenant), "worker")
    measure_backlog(tenant.server.database)
    assert worker.observe() >= 6
    by_name = {name: (number, labels) for name, number, labels in stored(tenant)}
    assert {
        "http.requests",
        "http.latency_p95",
        "db.pool_size",
        "jobs.oldest_seconds",
        "outbox.lag_seconds",
    } <= set(by_name)
    number, labels = by_name["http.requests"]
    assert (number >= 1, labels["process"]) == (True, "server")
    assert by_name["jobs.oldest_seconds"][1]["process"] == "worker"
    assert stored(rival) == []


def stored(tenant: Tenant) -> list[tuple[str, float, dict[str, str]]]:
    with psycopg.connect(tenant.server.urls.superuser_url) as conn:
        return conn.execute(
            "SELECT signal_name, numeric_value, detail FROM signal WHERE tenant_id = %s"
            " AND service_name = 'hangar' AND signal_type = 'METRIC'",
            (tenant.id,),
        ).fetchall()


def test_without_a_platform_tenant_nothing_is_stored(tenant: Tenant) -> None:
    for name in ("", f"no-such-{uuid4().hex}"):
        settings = settings_for(tenant.server.urls, platform_tenant=name)
        assert Observer(tenant.server.database, settings, "server").observe() == 0


def test_the_platform_tenant_is_demo_in_dev_and_nobody_in_production(server: Server) -> None:
    assert settings_for(server.urls).observed_tenant == "demo"
    secret = {"secret_key": "a-secret-of-our-own-0123456789-abc", "bootstrap_token": "t" * 32}
    production = settings_for(server.urls, profile="production", egress_allow_private=False, **secret)
    assert production.observed_tenant == ""
    assert settings_for(server.urls, platform_tenant="ops").observed_tenant == "ops"


def test_the_loop_goes_on_after_a_round_that_failed(tenant: Tenant, urls: Servers) -> None:
    """The database is away at first: the pool points at a database that is made only later."""
    name = f"later_{uuid4().hex[:12]}"
    later = urls.for_database(name)
    database = Database(driver(later.app_url), size=2, timeout=5)
    failing = threading.Event()

    class Counting(Observer):
        rounds = 0

        def observe(self) -> int:
            try:
                return super().observe()
            finally:
                self.rounds += 1
                if self.rounds >= 2:
                    failing.set()

    observer = Counting(database, settings_for(urls, platform_tenant=tenant.name), "server")
    stop = threading.Event()
    thread = threading.Thread(target=observer.run, args=(stop, 0.01))
    thread.start()
    try:
        assert failing.wait(30)
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(10)
        database.dispose()
    assert not thread.is_alive()


def store(tenant: Tenant, name: str, number: float, **labels: str) -> None:
    item = SignalItem(
        signal_type=SignalType.METRIC,
        service_name="hangar",
        signal_name=name,
        numeric_value=number,
        detail=labels,
    )
    with writing(tenant.server.database, tenant.id) as tx:
        ingest_items(tx, [item], echo=False)


def evaluate(tenant: Tenant, *, later: timedelta = timedelta()) -> list[tuple[str, str]]:
    with writing(tenant.server.database, tenant.id) as tx:
        tx.now = datetime.now(UTC) + later
        rules.evaluate(tx)
    with psycopg.connect(tenant.server.urls.superuser_url) as conn:
        return conn.execute(
            "SELECT key, status FROM alert WHERE tenant_id = %s AND source = 'PLATFORM' ORDER BY created_at",
            (tenant.id,),
        ).fetchall()


def test_errors_raise_one_alert_and_end_with_it(tenant: Tenant) -> None:
    store(tenant, "http.requests", 90, status_class="2xx")
    store(tenant, "http.requests", 9, status_class="5xx")
    assert evaluate(tenant) == []  # fewer than a hundred requests
    store(tenant, "http.requests", 1, status_class="5xx")
    assert evaluate(tenant) == [("platform.errors", "OPEN")]
    assert evaluate(tenant) == [("platform.errors", "OPEN")]
    store(tenant, "http.requests", 1300, status_class="2xx")
    assert evaluate(tenant) == [("platform.errors", "OPEN")]  # 0.7 %: between the two bounds
    store(tenant, "http.requests", 1000, status_class="2xx")
    assert evaluate(tenant) == [("platform.errors", "CLOSED")]


@pytest.mark.parametrize(
    ("name", "key", "bad", "between_both", "good"),
    [
        ("jobs.oldest_seconds", "platform.job_backlog", 301, 200, 59),
        ("outbox.lag_seconds", "platform.relay_lag", 31, 20, 4),
    ],
)
def test_work_that_is_behind_raises_an_alert(
    tenant: Tenant, name: str, key: str, bad: float, between_both: float, good: float
) -> None:
    store(tenant, name, between_both)
    assert evaluate(tenant) == []
    store(tenant, name, bad)
    store(tenant, name, good)  # another worker's: the worst counts
    assert evaluate(tenant) == [(key, "OPEN")]
    assert evaluate(tenant, later=timedelta(minutes=4)) == [(key, "OPEN")]  # no value: nothing is known
    as_superuser(tenant.server.urls, "DELETE FROM signal WHERE tenant_id = %(t)s", t=tenant.id)
    store(tenant, name, good)
    assert evaluate(tenant) == [(key, "CLOSED")]


def test_every_worker_measures_the_backlog_and_an_unknown_one_is_not_shown(
    tenant: Tenant, urls: Servers
) -> None:
    measure_backlog(tenant.server.database)
    assert value("hangar_jobs_queued", queue="interactive") is not None
    gone = Database(driver(urls.for_database(f"gone_{uuid4().hex[:8]}").app_url), size=1, timeout=1)
    stop = threading.Event()
    thread = threading.Thread(target=keep_measuring, args=(gone, stop, 0.01))
    thread.start()
    try:
        wait_until(lambda: value("hangar_jobs_queued", queue="interactive") is None)
        assert value("hangar_jobs_oldest_seconds", queue="batch") is None
    finally:
        stop.set()
        thread.join(10)
        gone.dispose()
    measure_backlog(tenant.server.database)
    assert value("hangar_jobs_queued", queue="batch") is not None


def test_a_waiting_job_is_counted_with_its_age(pg: Servers) -> None:
    with own_server(pg, f"backlog_{uuid4().hex[:10]}") as server:
        with psycopg.connect(server.urls.superuser_url) as conn:
            conn.execute(
                "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args, scheduled_at)"
                " VALUES ('batch', 'x', '{}', now() - interval '10 minutes'),"
                " ('batch', 'x', '{}', now() + interval '1 hour')"
            )
        measure_backlog(server.database)
        assert value("hangar_jobs_queued", queue="batch") == 1
        assert value("hangar_jobs_queued", queue="interactive") == 0
        assert value("hangar_jobs_oldest_seconds", queue="batch") == pytest.approx(600, abs=60)


def test_alerts_and_backups_of_all_tenants_are_measured(pg: Servers) -> None:
    with own_server(pg, f"measured_{uuid4().hex[:10]}") as server:
        tenants = [make_tenant(server) for _ in range(3)]
        log(tenants[0], "backup.succeeded", ago=timedelta(days=3))
        log(tenants[0], "backup.succeeded", ago=timedelta(days=2))
        log(tenants[1], "backup.succeeded", ago=timedelta(hours=1))
        for tenant in tenants[:2]:
            with writing(server.database, tenant.id) as tx:
                raise_alert(tx, Finding(Source.PLATFORM, "k", "s:1", Severity.P2, "t", "m"))
        measure_protection(server.database)
        assert [value("hangar_alerts_open", severity=s) for s in ("P1", "P2", "P3")] == [0, 2, 0]
        assert value("hangar_protection_age_seconds", what="backup") == pytest.approx(2 * 86_400, abs=60)
        assert value("hangar_protection_age_seconds", what="drill") is None
        assert value("hangar_tenants_unprotected", lacking="backup") == 1
        assert value("hangar_tenants_unprotected", lacking="drill") == 3
        for tenant in tenants:
            tenant.close()


def test_what_can_not_be_measured_is_not_shown(urls: Servers) -> None:
    metrics.ALERTS_OPEN.labels("P1").set(7)
    gone = Database(driver(urls.for_database(f"gone_{uuid4().hex[:8]}").app_url), size=1, timeout=1)
    try:
        with pytest.raises(Exception, match="can't be reached"):
            measure_protection(gone)
    finally:
        gone.dispose()
    assert value("hangar_alerts_open", severity="P1") is None


def test_stored_signals_are_counted(tenant: Tenant) -> None:
    before = value("hangar_signals_stored_total", protocol="JSON") or 0
    store(tenant, "anything", 1)
    assert value("hangar_signals_stored_total", protocol="JSON") == before + 1


@contextmanager
def worker(server: Server, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The product's worker process, with its metrics on a port; killed at the end of the block."""
    environment = os.environ | server.urls.environment() | {"HANGAR_WORKER_METRICS_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "worker"],
        env=environment,
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def shown(port: int) -> str:
    """What a worker shows; "" as long as it shows nothing."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except httpx.TransportError:
        return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_each_of_several_workers_shows_the_backlog_and_ends_when_asked(pg: Servers) -> None:
    with own_server(pg, f"workers_{uuid4().hex[:10]}") as server:
        ports = free_port(), free_port()
        with worker(server, ports[0]) as one, worker(server, ports[1]) as other:
            for port in ports:
                wait_until(lambda port=port: 'hangar_jobs_queued{queue="batch"}' in shown(port), 60)
            for process in (one, other):
                process.terminate()
            assert [process.wait(30) for process in (one, other)] == [0, 0]
