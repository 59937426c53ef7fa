"""Cleans up a throwaway stack whose owner was killed.

It runs as a process of its own with a pipe as standard input. The owner holds the other end: its closing is the one
sign of the owner's death that kill -9 cannot suppress.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.kernel.embedded.home import StackHome
from app.kernel.embedded.process import processes_in, spawn, stop_all

CHECKOUT = Path(__file__).resolve().parents[3]
_GENTLY = [(signal.SIGTERM, 60.0), (signal.SIGKILL, 5.0)]
_NOW = [(signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)]


@contextmanager
def janitor(home: StackHome, *directories: Path) -> Iterator[None]:
    """While inside, the servers of `home` are stopped and `directories` removed should this process be killed."""
    code = f"from {__name__} import main; main()"
    command = [sys.executable, "-c", code, *map(str, (home.path, *directories))]
    with home.log("janitor") as log:
        watcher = spawn(command, env={"LC_ALL": "C"}, log=log, cwd=CHECKOUT, stdin=subprocess.PIPE)
    try:
        yield
    finally:
        watcher.kill()
        watcher.wait()
        if watcher.stdin:
            watcher.stdin.close()


def main() -> None:
    """Wait for the owner's end, then clean up; the arguments are the home and the directories to remove."""
    sys.stdin.read()
    home = StackHome(Path(sys.argv[1]), None)
    for name in ("up", "server", "worker", "postgres", "valkey"):
        if left := home.recorded(name):
            stop_all([left], _NOW if name in ("postgres", "valkey") else _GENTLY)
    stop_all(processes_in(home.cluster.resolve()), _NOW)
    for directory in sys.argv[1:]:
        shutil.rmtree(directory, ignore_errors=True)
