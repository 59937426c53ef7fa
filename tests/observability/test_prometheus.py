"""A stock Prometheus (Debian's) scrapes a target and writes to us, also while we are away."""

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.crash.test_crash import free_port, serving
from tests.support.databases import TEMPLATE, Servers
from tests.support.server import Server, settings_for
from tests.support.tenants import Tenant, make_tenant

PROGRAM = shutil.which("prometheus")
pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="LEFT OUT: no stock Prometheus here (apt-get install prometheus, or `--full`)"
)
SERIES = 50
_CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
scrape_configs:
  - job_name: rotor
    static_configs: [{{targets: ["127.0.0.1:{target}"]}}]
remote_write:
  - url: {url}/api/observability/prometheus/write
    {auth}
    queue_config: {{batch_send_deadline: 500ms, max_shards: 4}}
    metadata_config: {{send_interval: 2s}}
"""
_PROBE = "rotor_turns"


class Target(ThreadingHTTPServer):
    """Counters that rise with every scrape; `scrapes` counts those that were answered."""

    def __init__(self) -> None:
        self.scrapes = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                target: Any = self.server
                target.scrapes += 1
                lines = ["# HELP rotor_turns Turns.", "# TYPE rotor_turns counter"]
                lines += [f'rotor_turns{{arm="{arm}"}} {target.scrapes}' for arm in range(SERIES)]
                body = "\n".join([*lines, ""]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@contextmanager
def target() -> Iterator[Target]:
    with Target() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@contextmanager
def prometheus(directory: Path, config: str) -> Iterator[str]:
    """Debian's Prometheus on the loopback interface; yields its own URL."""
    (directory / "prometheus.yml").write_text(config)
    port = free_port()
    command = [
        str(PROGRAM),
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.remote.flush-deadline=1s",
    ]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.2)


@pytest.fixture
def own(pg: Servers, worker_id: str) -> Iterator[tuple[Servers, Tenant, str]]:
    """A database, a tenant in it, and its API key for sending."""
    name = f"hangar_prometheus_{worker_id}"
    urls = pg.create_database(name, TEMPLATE)
    try:
        with Server(settings_for(urls), urls) as helper:
            tenant = make_tenant(helper)
            key = tenant.post("/api/identity/api-keys", name="p", scopes=["telemetry.write"])["secret"]
            tenant.close()
        yield urls, tenant, str(key)
    finally:
        pg.drop_database(name)


def turns(admin: psycopg.Connection[Any]) -> list[tuple[str, float, int]]:
    """(arm, value, copies) of what is stored."""
    return admin.execute(
        "SELECT r.labels ->> 'arm', s.numeric_value, count(*) FROM signal s JOIN signal_series r"
        " ON r.tenant_id = s.tenant_id AND r.id = s.series_id WHERE s.signal_name = %s GROUP BY 1, 2",
        (_PROBE,),
    ).fetchall()


@pytest.mark.parametrize("auth", ["bearer", "basic"])
def test_what_a_stock_prometheus_scrapes_is_stored_once_and_without_gap(
    own: tuple[Servers, Tenant, str], tmp_path: Path, auth: str
) -> None:
    """The server is killed in between and comes back: nothing is missing and nothing is there twice."""
    urls, _, key = own
    port = free_port()
    credential = {
        "bearer": f"authorization: {{credentials: {key}}}",
        "basic": f"basic_auth: {{username: any, password: {key}}}",
    }[auth]
    with (
        target() as scraped,
        psycopg.connect(urls.superuser_url, autocommit=True) as admin,
    ):
        config = _CONFIG.format(
            target=scraped.server_address[1], url=f"http://127.0.0.1:{port}", auth=credential
        )
        with prometheus(tmp_path, config) as own_url:
            with serving(urls, port) as process:
                until(lambda: len({value for _, value, _ in turns(admin)}) >= 3, "three scrapes stored")
                process.send_signal(signal.SIGKILL)
                process.wait()
            missed = scraped.scrapes
            until(lambda: scraped.scrapes >= missed + 2, "two scrapes while the server was away")
            with serving(urls, port):
                wanted = scraped.scrapes
                until(
                    lambda: max((value for _, value, _ in turns(admin)), default=0) >= wanted,
                    "what was scraped meanwhile",
                )
                own_metrics = httpx.get(f"{own_url}/metrics").text
        found = turns(admin)
        labels = admin.execute(
            "SELECT DISTINCT service_name, signal_type FROM signal WHERE signal_name = %s", (_PROBE,)
        ).fetchall()
    assert labels == [("rotor", "METRIC")]
    assert {copies for _, _, copies in found} == {1}, "a sample is there twice"
    whole = {(str(arm), float(value)) for arm in range(SERIES) for value in range(1, wanted + 1)}
    assert whole <= {(arm, value) for arm, value, _ in found}, "a sample is missing"
    dropped = [
        line
        for line in own_metrics.splitlines()
        if line.startswith("prometheus_remote_storage_samples_failed_total")
    ]
    assert [float(line.split()[-1]) for line in dropped] == [0.0]
