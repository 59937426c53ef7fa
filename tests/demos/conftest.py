"""A test server with a real worker beside it, and a way to run a script against it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.kernel.embedded.process import child_environment
from app.platform.webhooks.config import configure
from tests.support.server import Server

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "infra" / "scripts"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _webhooks_may_call_the_loopback_address(server: Server) -> None:
    configure(server.settings)


@pytest.fixture
def run(server: Server, worker: None) -> Run:
    """Run a script of infra/scripts against the test server, as an operator does: by its path, from anywhere."""

    def one(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = child_environment({"APP_BASE_URL": server.url, "HANGAR_STACK_STATE": ""})
        command = [sys.executable, str(SCRIPTS / name), *arguments]
        return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)

    return one
