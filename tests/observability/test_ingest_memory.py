"""Ten million lines go through one server process, and its memory stays where it was."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.crash.test_crash import free_port, serving
from tests.support.databases import TEMPLATE, Servers
from tests.support.server import Server, settings_for
from tests.support.tenants import make_tenant

ROWS = 10_000_000
ROWS_A_REQUEST = 100_000
GROWTH = 64 * 1024 * 1024


def resident(pid: int) -> int:
    """Bytes of resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmRSS")


def lines(first: int) -> Iterator[bytes]:
    for start in range(first, first + ROWS_A_REQUEST, 1000):
        yield b"".join(
            json.dumps(
                {
                    "signal_type": "TRACE",
                    "service_name": f"svc-{number % 40}",
                    "signal_name": "request",
                    "duration_ms": number % 997,
                    "status_code": 200,
                    "detail": {"n": number},
                }
            ).encode()
            + b"\n"
            for number in range(start, start + 1000)
        )


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_memory_stays_flat_while_millions_stream_in(pg: Servers) -> None:
    urls = pg.create_database("hangar_memory", TEMPLATE)
    try:
        with Server(settings_for(urls), urls) as helper:
            tenant = make_tenant(helper)
            made = tenant.client.put(
                "/api/observability/signals/settings", json={"items_per_second": 10_000_000}
            )
            assert made.is_success
            key = tenant.post("/api/identity/api-keys", name="stream", scopes=["telemetry.write"])["secret"]
            tenant.close()
        port = free_port()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        with (
            serving(urls, port) as process,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=600) as client,
        ):
            sizes = []
            for first in range(0, ROWS, ROWS_A_REQUEST):
                answer = client.post("/api/observability/signals:ingest", content=lines(first))
                assert answer.status_code == 201, answer.text
                assert answer.json()["accepted_count"] == ROWS_A_REQUEST
                sizes.append(resident(process.pid))
        assert max(sizes) - sizes[0] < GROWTH, [size >> 20 for size in sizes]
        with psycopg.connect(urls.superuser_url) as conn:
            assert conn.execute("SELECT count(*) FROM signal").fetchone() == (ROWS,)
    finally:
        pg.drop_database("hangar_memory")
