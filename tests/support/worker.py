"""The product's worker process: it runs jobs, gives events their places and delivers webhooks."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.kernel.embedded.process import child_environment
from tests.support.databases import Servers

ROOT = Path(__file__).parents[2]


@contextmanager
def running_worker(urls: Servers) -> Iterator[None]:
    """Until the block ends. Fails when the worker has ended by itself."""
    settings = {"HANGAR_EGRESS_ALLOW_PRIVATE": "true", "HANGAR_LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "worker"],
        env=child_environment(urls.environment() | settings),
        cwd=ROOT,
    )
    try:
        yield
        assert process.poll() is None, "the worker has ended by itself"
    finally:
        process.terminate()
        process.wait(30)
