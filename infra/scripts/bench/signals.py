"""Signals: what sending and summing them up costs, beside what PostgreSQL takes for the same rows."""

import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
from sqlalchemy.orm import Session

from app.domains.observability.signals.models import Signal
from app.kernel.db.engine import Database, bind
from app.kernel.embedded.binaries import postgres_programs
from app.kernel.ids import new_id, new_ids
from bench.stack import Stack

BATCH = 5000
COLUMNS = (
    "tenant_id, occurred_at, id, signal_type, level, service_name, signal_name, trace_id, status_code, duration_ms,"
    " unit, message, detail, created_by, batch_id"
)
_FILL = """
INSERT INTO signal (tenant_id, occurred_at, id, signal_type, level, service_name, signal_name, status_code,
                    duration_ms, created_by, batch_id)
SELECT %(tenant)s, now() - random() * interval '55 minutes', gen_random_uuid(),
       (ARRAY['LOG', 'METRIC', 'TRACE', 'TRACE'])[1 + n %% 4], (ARRAY['INFO', 'INFO', 'WARN', 'ERROR'])[1 + n %% 4],
       'svc-' || n %% 20, 'request', CASE WHEN n %% 50 = 0 THEN 500 ELSE 200 END, random() * 1000, 'bench',
       '00000000-0000-0000-0000-000000000000'
FROM generate_series(1, %(count)s) n
"""
_OVERVIEW = """
SELECT count(*), count(*) FILTER (WHERE level = 'ERROR' OR coalesce(status_code, 0) >= 500),
       percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms),
       count(*) FILTER (WHERE signal_type = 'LOG'), count(*) FILTER (WHERE signal_type = 'METRIC'),
       count(*) FILTER (WHERE signal_type = 'TRACE'), count(*) FILTER (WHERE level = 'DEBUG'),
       count(*) FILTER (WHERE level = 'INFO'), count(*) FILTER (WHERE level = 'WARN'),
       count(*) FILTER (WHERE level = 'ERROR')
FROM signal WHERE tenant_id = '{tenant}' AND occurred_at >= now() - interval '60 minutes' AND occurred_at <= now()
"""


@dataclass(frozen=True)
class Sender:
    """A tenant of this run and an access token of its administrator."""

    tenant_id: UUID
    token: str


def make_sender(base_url: str) -> Sender:
    password = "bench-only-password"
    with httpx.Client(base_url=base_url, timeout=30) as client:
        made = client.post("/api/identity/tenants", json={"name": f"bench-{uuid4().hex[:8]}"})
        made.raise_for_status()
        account = {"tenant_id": made.json()["id"], "username": "admin", "password": password}
        client.post("/api/identity/bootstrap-admin", json=account).raise_for_status()
        token = client.post("/api/identity/dev-login", json=account).json()["access_token"]
        settings = {"items_per_second": 10_000_000}
        headers = {"Authorization": f"Bearer {token}"}
        client.put("/api/observability/signals/settings", json=settings, headers=headers).raise_for_status()
    return Sender(UUID(made.json()["id"]), token)


def items(seed: int) -> list[dict[str, Any]]:
    """One batch: what a busy service says of itself, spread over the last minutes."""
    now = datetime.now(UTC)
    return [
        {
            "signal_type": "TRACE",
            "level": "ERROR" if n % 40 == 0 else "INFO",
            "service_name": f"svc-{n % 20}",
            "signal_name": f"GET /things/{n % 7}",
            "trace_id": f"{seed:08x}{n:024x}",
            "status_code": 500 if n % 40 == 0 else 200,
            "duration_ms": (n * 37 % 1000) / 8,
            "unit": "ms",
            "message": f"served thing {n}",
            "detail": {"route": f"/things/{n % 7}", "bytes": n * 13 % 4096},
            "occurred_at": (now - timedelta(milliseconds=n * 7)).isoformat(),
        }
        for n in range(BATCH)
    ]


def over_http(urls: list[str], sender: Sender, seconds: float) -> float:
    """Items a second of one client a URL, each sending batch after batch with `Prefer: return=minimal`."""
    bodies = [json.dumps({"items": items(seed)}).encode() for seed in range(len(urls))]
    headers = {
        "Authorization": f"Bearer {sender.token}",
        "Content-Type": "application/json",
        "Prefer": "return=minimal",
    }
    sent = [0] * len(urls)
    gate = threading.Barrier(len(urls) + 1)
    stop = threading.Event()
    failures: list[str] = []

    def send(place: int) -> None:
        with httpx.Client(base_url=urls[place], headers=headers, timeout=120) as client:
            client.post("/api/observability/signals:ingest", content=bodies[place])
            gate.wait()
            while not stop.is_set():
                answer = client.post("/api/observability/signals:ingest", content=bodies[place])
                if answer.status_code != 201:
                    failures.append(answer.text)
                    return
                sent[place] += BATCH

    threads = [threading.Thread(target=send, args=(place,)) for place in range(len(urls))]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.monotonic()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(failures[0])
    return sum(sent) / (time.monotonic() - began)


@contextmanager
def servers(stack: Stack, count: int) -> Iterator[list[str]]:
    """Server processes of their own on the stack's database; yields their URLs."""
    names = {
        "DATABASE_URL": "app_url",
        "DATABASE_OWNER_URL": "owner_url",
        "DATABASE_DIRECT_URL": "direct_url",
        "REDIS_URL": "redis_url",
    }
    environment = os.environ | {key: stack.urls[name] for key, name in names.items()}
    environment |= {"HANGAR_RATE_LIMIT_ENABLED": "false", "HANGAR_LOG_LEVEL": "WARNING"}
    with ExitStack() as started:
        urls = []
        for _ in range(count):
            port = _free_port()
            command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
            started.callback(process.wait)
            started.callback(process.terminate)
            urls.append(f"http://127.0.0.1:{port}")
            _wait(urls[-1], process)
        yield urls


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not get ready")


def by_copy(stack: Stack, tenant_id: UUID, batches: int) -> float:
    """Rows a second of a superuser's COPY … FROM STDIN by psql: the same rows, a transaction a batch."""
    rows = items(0)
    with tempfile.TemporaryDirectory() as directory:
        script = []
        for number in range(batches):
            path = Path(directory) / f"{number}.copy"
            path.write_text("".join(map(_copy_line, itertools.repeat(tenant_id), new_ids(BATCH), rows)))
            script.append(f"\\copy signal ({COLUMNS}) FROM '{path}'")
        return BATCH * batches / _psql(stack, "\n".join(script))


def _copy_line(tenant_id: UUID, row_id: UUID, item: dict[str, Any]) -> str:
    named = ("signal_type", "level", "service_name", "signal_name", "trace_id", "status_code", "duration_ms")
    values = [tenant_id, item["occurred_at"], row_id, *(item[name] for name in named)]
    values += [item["unit"], item["message"], json.dumps(item["detail"]), "bench", UUID(int=0)]
    return "\t".join(str(value) for value in values) + "\n"


def by_row(stack: Stack, tenant_id: UUID, count: int) -> float:
    """Rows a second of the ORM as the app role, one object and one INSERT at a time, one commit for all."""
    database = Database(stack.settings().app_dsn, size=1, timeout=5)
    rows = items(0)[:count]
    try:
        with database.connect() as conn, conn.begin():
            bind(conn, tenant_id, "bench")
            began = time.monotonic()
            with Session(bind=conn, join_transaction_mode="rollback_only") as session:
                for row in rows:
                    at = datetime.fromisoformat(row["occurred_at"])
                    values = row | {"occurred_at": at, "tenant_id": tenant_id, "id": new_id()}
                    session.add(Signal(**values, created_by="bench", batch_id=UUID(int=0)))
                    session.flush()
            return len(rows) / (time.monotonic() - began)
    finally:
        database.dispose()


def fill(stack: Stack, tenant_id: UUID, count: int) -> None:
    """Signals of the last hour, written in SQL by a superuser."""
    with psycopg.connect(stack.urls["superuser_url"], autocommit=True) as conn:
        conn.execute(_FILL, {"tenant": tenant_id, "count": count})
        conn.execute("VACUUM (ANALYZE) signal")


def overview(stack: Stack, sender: Sender, rounds: int) -> tuple[float, float]:
    """Seconds of `GET /overview` and of the same SQL in psql as a superuser; medians, taken in turns."""
    headers = {"Authorization": f"Bearer {sender.token}"}
    with httpx.Client(base_url=stack.base_url, headers=headers, timeout=300) as client:

        def ask() -> float:
            began = time.monotonic()
            client.get("/api/observability/overview").raise_for_status()
            return time.monotonic() - began

        def query() -> float:
            return _psql(stack, _OVERVIEW.format(tenant=sender.tenant_id) + ";")

        taken = _in_turns(rounds, ask, query)
    return taken[0], taken[1]


def _in_turns(rounds: int, *measures: Callable[[], float]) -> list[float]:
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def _psql(stack: Stack, script: str) -> float:
    """Seconds that psql takes for a script, its own start left out."""
    command = [
        str(postgres_programs(None) / "psql"),
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        stack.urls["superuser_url"],
    ]

    def run(text: str) -> float:
        began = time.monotonic()
        subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began

    start = run("SELECT 1;")
    return max(run(script) - start, 1e-6)
