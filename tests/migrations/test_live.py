"""The previous release goes on serving, without one failed request, while each of the nine migrations is applied."""

import io
import os
import random
import socket
import subprocess
import sys
import tarfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import psycopg
import pytest

from app.kernel.db import migrate as m
from tests.migrations.databases import throwaway
from tests.migrations.fleet import FIRST_SHAPE, STEPS, disagreements
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
PREVIOUS_RELEASE = Path(__file__).with_name("previous_release").read_text().strip()
WORDS = ("AVAILABLE", "RESERVED", "IN_USE", "MAINTENANCE", "UNAVAILABLE")
PASSWORD = "a-long-test-password"
EACH_STEP = 40


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The previous release's files, from the repository."""
    if not (ROOT / ".git").exists():
        pytest.skip(
            "this tree carries no history (a container image): the previous release can't be taken from it"
        )
    done = subprocess.run(
        ["git", "-C", str(ROOT), "archive", "--format=tar", PREVIOUS_RELEASE, "app"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(
            f"The previous release, commit {PREVIOUS_RELEASE} of tests/migrations/previous_release, is not in this"
            f" clone: fetch the whole history (git fetch --unshallow). git says: {done.stderr.decode().strip()}",
            pytrace=False,
        )
    target = tmp_path_factory.mktemp("previous_release")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(target, filter="data")
    return target


@contextmanager
def serving(release: Path, urls: Any, log: Path) -> Iterator[str]:
    """The release in a process of its own, on this database; yields its base URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(release),
        **urls.environment(),
        "HANGAR_LOG_LEVEL": "WARNING",
        "HANGAR_RATE_LIMIT_ENABLED": "false",
    }
    command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=release, env=environment, stdout=output, stderr=output)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_until(lambda: process.poll() is not None or _answers(base), seconds=60)
        assert process.poll() is None, log.read_text()
        yield base
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/healthz").status_code == 200
    except httpx.TransportError:
        return False


class Traffic:
    """Three clients that register, place, state, read and list until the block ends. Every answer must be a success."""

    def __init__(self, base: str, token: str) -> None:
        self.base, self.headers = base, {"Authorization": f"Bearer {token}"}
        self.done: Counter[str] = Counter()
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed,), daemon=True) for seed in range(3)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def flow(self, count: int = EACH_STEP) -> None:
        """Until this many more requests were answered (or one failed)."""
        target = self.done.total() + count
        wait_until(lambda: self.failures or self.done.total() >= target, seconds=60)
        assert self.failures == []

    def _run(self, seed: int) -> None:
        choose = random.Random(seed)  # noqa: S311 nothing secret, and the same every time
        mine: list[str] = []
        with httpx.Client(base_url=self.base, headers=self.headers, timeout=20) as client:
            while not self._stop.is_set() and not self.failures:
                for kind, call in self._round(client, choose, mine):
                    self._note(kind, call)

    def _round(
        self, client: httpx.Client, choose: random.Random, mine: list[str]
    ) -> Iterator[tuple[str, Callable[[], httpx.Response]]]:
        region = choose.choice(["EAST", "WEST", "NORTH", None])
        body = {"asset_type": "UAV", "asset_code": uuid4().hex, "name": "x", "region_code": region}

        def register() -> httpx.Response:
            answer = client.post("/api/assets", json=body)
            if answer.is_success:
                mine.append(answer.json()["id"])
            return answer

        yield "register", register
        for _ in range(2):
            path = f"/api/assets/{choose.choice(mine)}"
            word = {"availability_status": choose.choice(WORDS)}
            if choose.random() < 0.5:
                word["region_code"] = choose.choice(["EAST", "WEST", f"R-{choose.randrange(50)}"])
            yield "state", lambda path=path, word=word: client.post(f"{path}/availability", json=word)
            yield "read", lambda path=path: client.get(path)
        yield "list", lambda: client.get("/api/assets")
        drone = {"name": uuid4().hex, "vendor": "FAKE"}
        yield "drone", lambda: client.post("/api/registry/drones", json=drone)

    def _note(self, kind: str, call: Callable[[], httpx.Response]) -> None:
        try:
            answer = call()
        except (httpx.HTTPError, IndexError) as error:
            self.failures.append(f"{kind}: {error!r}")
            return
        self.done[kind] += 1
        if not answer.is_success:
            self.failures.append(f"{kind}: {answer.status_code} {answer.text}")


def sign_in(base: str) -> str:
    with httpx.Client(base_url=base, timeout=30) as client:
        tenant = client.post("/api/identity/tenants", json={"name": "live"}).json()["id"]
        who = {"tenant_id": tenant, "username": "admin", "password": PASSWORD}
        assert client.post("/api/identity/bootstrap-admin", json=who).status_code == 201
        token: str = client.post("/api/identity/dev-login", json=who).json()["access_token"]
        return token


def test_the_previous_release_serves_without_one_failed_request(
    pg: Any, release: Path, tmp_path: Path
) -> None:
    with throwaway(pg) as urls:
        m.upgrade(urls.owner_url, FIRST_SHAPE)
        with serving(release, urls, tmp_path / "log") as base:
            paths = httpx.get(f"{base}/openapi.json", timeout=30).json()["paths"]
            assert "/api/assets" in paths
            assert "/api/assets/pool" not in paths, "this is not the previous release"
            with Traffic(base, sign_in(base)) as traffic:
                traffic.flow(5 * EACH_STEP)
                for step in STEPS:
                    m.upgrade(urls.owner_url, step)
                    traffic.flow()
        assert traffic.failures == []
        assert min(traffic.done[kind] for kind in ("register", "state", "read", "list", "drone")) >= 20
        with psycopg.connect(urls.superuser_url) as conn:
            assert disagreements(conn) == []
            kept = conn.execute("SELECT count(*) FROM asset").fetchone()
            dated = conn.execute("SELECT count(*) > 0 FROM placement WHERE ends_at IS NOT NULL").fetchone()
            ended = conn.execute("SELECT count(*) > 0 FROM asset_block WHERE ended_at IS NOT NULL").fetchone()
        assert kept == (traffic.done["register"],)
        assert (dated, ended) == ((True,), (True,))
