"""After kill -9 of everything or of parts, the next start stops what is left and loses nothing committed."""

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from app.kernel.embedded import EmbeddedStack
from app.kernel.embedded.process import ProcessRef, stop_all
from tests.kernel.embedded.conftest import Owner, kill_all, processes_of

Start = Callable[[str, Path], Owner]


def commit_a_row(url: str, value: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])


def rows(url: str) -> list[tuple[int, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT id FROM kept ORDER BY id").fetchall()


def test_servers_left_by_a_killed_owner_are_stopped_first(owner: Start, data_dir: Path) -> None:
    held = owner("hold", data_dir)
    commit_a_row(held.superuser_url, 1)
    held.kill()
    left = processes_of(held.home)
    assert {"postgres", "valkey"} < set(left)
    with EmbeddedStack(data_dir) as stack:
        assert not any(ref.alive() for ref in left.values())
        assert rows(stack.urls.superuser_url) == [(1,)]


def test_after_kill_9_of_everything_committed_rows_are_there(owner: Start, data_dir: Path) -> None:
    held = owner("hold", data_dir)
    commit_a_row(held.superuser_url, 1)
    commit_a_row(held.superuser_url, 2)
    held.kill()
    kill_all(held.home)
    assert (held.home / "postgres" / "postmaster.pid").exists()
    with EmbeddedStack(data_dir) as stack:
        assert rows(stack.urls.superuser_url) == [(1,), (2,)]


def test_a_busy_backend_that_outlives_its_postmaster_does_not_block_the_start(
    owner: Start, data_dir: Path
) -> None:
    held = owner("hold", data_dir)
    commit_a_row(held.superuser_url, 1)
    with psycopg.connect(held.superuser_url, autocommit=True) as connection:
        backend = ProcessRef.of(connection.info.backend_pid)
        assert backend
        backend.signal(signal.SIGSTOP)  # cannot notice that its postmaster is gone
        held.kill()
        stop_all([processes_of(held.home)["postgres"]], [(signal.SIGKILL, 10.0)])
        assert backend.alive()
        with EmbeddedStack(data_dir) as stack:
            assert not backend.alive()
            assert rows(stack.urls.superuser_url) == [(1,)]


def test_a_stranger_with_the_noted_pid_is_left_alone(owner: Start, data_dir: Path) -> None:
    held = owner("hold", data_dir)
    held.kill()
    kill_all(held.home)
    with subprocess.Popen(["sleep", "600"]) as stranger:
        pid_file = held.home / "postgres" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text(
            "\n".join([str(stranger.pid), lines[1], str(int(time.time())), *lines[3:]]) + "\n"
        )
        with EmbeddedStack(data_dir) as stack:
            assert stack.postgres
            assert stack.postgres.running()
            assert stranger.poll() is None
        stranger.kill()


def test_a_broken_initdb_is_made_again(data_dir: Path) -> None:
    half = data_dir / "postgres.new" / "cluster"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedStack(data_dir, valkey=False) as stack:
        commit_a_row(stack.urls.superuser_url, 1)
    assert not half.exists()
