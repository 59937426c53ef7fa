"""`up` as an operator meets it: one process to start, watch, kill and stop."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from app.kernel.embedded.home import StackHome
from app.kernel.embedded.janitor import CHECKOUT
from app.kernel.embedded.process import ProcessRef, child_environment, wait_until
from tests.kernel.embedded.conftest import kill_all, open_directory, processes_of

pytestmark = pytest.mark.timeout(300)  # whole starts of the product, on a machine that may be busy

EXTERNAL = ("DATABASE_URL", "DATABASE_OWNER_URL", "OPS_DATABASE_URL", "DATABASE_DIRECT_URL", "REDIS_URL")
PARTS = {"up", "server", "worker", "postgres", "valkey"}


class Running:
    """`up` on a data directory; `output` once it has ended."""

    def __init__(self, data_dir: Path, *, port: int = 0) -> None:
        self.home = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up", "--port", str(port), "--data-dir", str(data_dir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=CHECKOUT,
            env=child_environment(dict.fromkeys(EXTERNAL, "")),
            start_new_session=True,
        )

    @property
    def state(self) -> dict[str, object]:
        return StackHome(self.home, None).state()

    @property
    def base_url(self) -> str:
        return str(self.state["base_url"])

    def wait_ready(self) -> "Running":
        assert wait_until(lambda: self.process.poll() is not None or self._says_ready(), 90), "not ready"
        assert self.process.poll() is None, self.output()
        return self

    def _says_ready(self) -> bool:
        state = self.state  # a killed predecessor's is there until ours replaces it
        return state.get("pid") == self.process.pid and bool(state.get("ready"))

    def output(self) -> str:
        return self.process.communicate(timeout=60)[0]

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.base_url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


Start = Callable[..., Running]


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """One for all tests here: only the first start has a cluster to make and a schema to migrate."""
    with open_directory() as directory:
        yield directory / "data"


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    started: list[Running] = []

    def start_one(*, port: int = 0) -> Running:
        started.append(Running(data_dir, port=port))
        return started[-1]

    yield start_one
    for each in started:
        each.process.kill()
    kill_all(data_dir)
    for each in started:
        if each.process.stdout and not each.process.stdout.closed:
            each.process.communicate()


@pytest.fixture
def running(start: Start) -> Running:
    return start().wait_ready()


def test_up_says_what_to_do_next_refuses_a_second_start_and_stops_cleanly(
    running: Running, start: Start, data_dir: Path
) -> None:
    parts = processes_of(data_dir)
    assert set(parts) >= PARTS
    assert running.is_ready()

    second = start()
    assert f"another Hangar (pid {running.process.pid}) is running on {data_dir}" in second.output()
    assert second.process.returncode == 1
    assert running.is_ready()

    running.process.send_signal(signal.SIGTERM)
    output = running.output()
    assert running.process.returncode == 0, output
    for text in (f"Hangar        {running_url(output)}", "landing page", "API docs", "try", "ready after"):
        assert text in output
    assert not [name for name, ref in parts.items() if ref.alive()]


def running_url(output: str) -> str:
    return next(line.split()[-1] for line in output.splitlines() if line.startswith("  Hangar"))


def replaced(running: Running, name: str) -> ProcessRef:
    """Kill one part with -9 and wait for its successor."""
    old = processes_of(running.home)[name]
    old.signal(signal.SIGKILL)

    def successor() -> ProcessRef | None:
        new = processes_of(running.home).get(name)
        return new if new != old else None

    assert wait_until(lambda: successor() is not None, 60), f"{name} was not started again"
    assert wait_until(running.is_ready, 60), f"not ready again after the end of {name}"
    found = successor()
    assert found
    return found


def test_whatever_dies_is_started_again_and_ctrl_c_still_stops_all(running: Running) -> None:
    for name in ("server", "worker", "valkey", "postgres"):
        replaced(running, name)
    # PostgreSQL's restart ends the worker as well; it comes back too.
    assert wait_until(lambda: set(processes_of(running.home)) >= PARTS, 60)
    parts = processes_of(running.home)
    running.process.send_signal(signal.SIGINT)
    running.output()
    assert running.process.returncode == 0
    assert not [name for name, ref in parts.items() if ref.alive()]


def test_after_kill_9_of_up_its_children_end_and_the_next_up_recovers(
    running: Running, start: Start, data_dir: Path
) -> None:
    parts = processes_of(data_dir)
    url = str(dict(running.state["urls"])["owner_url"])  # type: ignore[call-overload]
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    running.process.kill()
    assert wait_until(lambda: not parts["server"].alive() and not parts["worker"].alive(), 30)
    again = start().wait_ready()
    assert not [name for name, ref in parts.items() if ref.alive()]
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM kept").fetchall() == [(7,)]
    again.process.send_signal(signal.SIGTERM)
    again.output()
    assert again.process.returncode == 0


def test_a_port_in_use_is_said_before_anything_starts(start: Start, data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = start(port=port)
        assert f"port {port} of 127.0.0.1 is in use" in refused.output()
    assert refused.process.returncode == 1
    assert processes_of(data_dir) == {}
