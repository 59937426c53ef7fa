"""The product's worker process: it runs jobs, gives events their places and delivers webhooks."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from app.kernel.embedded.process import child_environment
from tests.support.databases import Servers
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


@contextmanager
def running_worker(urls: Servers) -> Iterator[None]:
    """From its first sign of life until the block ends. Fails when the worker has ended by itself."""
    settings = {"HANGAR_EGRESS_ALLOW_PRIVATE": "true", "HANGAR_LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT)}
    began = datetime.now(UTC)
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "worker"],
        env=child_environment(urls.environment() | settings),
        cwd=ROOT,
    )
    try:
        with psycopg.connect(urls.superuser_url, autocommit=True) as admin:
            wait_until(lambda: process.poll() is not None or _works(admin, began), 60)
        yield
        assert process.poll() is None, "the worker has ended by itself"
    finally:
        process.terminate()
        process.wait(30)


def _works(admin: psycopg.Connection, since: datetime) -> bool:
    beat = "SELECT FROM jobs.procrastinate_workers WHERE last_heartbeat >= %s"
    return admin.execute(beat, (since,)).rowcount > 0
