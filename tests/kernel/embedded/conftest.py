"""Directories and processes for stacks that tests start and kill themselves."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.kernel.embedded.home import StackHome, remove_home
from app.kernel.embedded.janitor import CHECKOUT
from app.kernel.embedded.process import ProcessRef, child_environment, processes_in, stop_all

NAMES = ("up", "server", "worker", "postgres", "valkey")


def processes_of(home: Path) -> dict[str, ProcessRef]:
    """The live processes that the stack in `home` has noted, by name, and PostgreSQL's children."""
    recorded = {name: StackHome(home, None).recorded(name) for name in NAMES}
    children = {f"postgres {ref.pid}": ref for ref in processes_in((home / "postgres").resolve())}
    return {name: ref for name, ref in (recorded | children).items() if ref}


def kill_all(home: Path) -> None:
    stop_all(processes_of(home).values(), [(9, 10.0)])


@contextmanager
def open_directory() -> Iterator[Path]:
    """A short path that every user can enter (pytest's tmp_path is closed to all but us)."""
    path = Path(tempfile.mkdtemp(prefix="hangar-test-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture
def directory() -> Iterator[Path]:
    with open_directory() as path:
        yield path


@pytest.fixture
def data_dir(directory: Path) -> Iterator[Path]:
    path = directory / "data"
    yield path
    kill_all(path)
    remove_home(StackHome(path, None), path)


class Owner:
    """A process that holds a stack; its first two lines are the home and the superuser's URL."""

    def __init__(self, kind: str, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("owners.py")), kind, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment({"PYTHONPATH": str(CHECKOUT)}),
        )
        assert self.process.stdout is not None
        self.home = Path(self.process.stdout.readline().strip())
        self.superuser_url = self.process.stdout.readline().strip()
        assert self.superuser_url, "the owner did not start its stack"

    def close_input(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def release(self) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()


@pytest.fixture
def owner(directory: Path) -> Iterator[Callable[[str, Path], Owner]]:
    """Starts owners; whatever they left is killed in the end."""
    started: list[Owner] = []

    def start(kind: str, path: Path) -> Owner:
        started.append(Owner(kind, path))
        return started[-1]

    yield start
    for each in started:
        each.release()
        if each.home.exists():
            kill_all(each.home)
