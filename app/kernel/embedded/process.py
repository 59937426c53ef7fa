"""Processes we start, and processes an earlier run left behind.

A pid alone names nothing: it is used again. `ProcessRef` adds the start time (and the boot id, since start times
count from boot), so that a stored reference can be checked before it is signalled.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class StackError(RuntimeError):
    """The embedded stack cannot do what was asked; the message says why in words for the operator."""


@dataclass(frozen=True)
class Account:
    """A system user that a server runs as. `uid` and `gid` are numeric ids."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class ProcessRef:
    """One process, for good: a reused pid does not compare equal."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process with that pid, or None when there is none (a zombie counts as none)."""
        started = _started_at(pid)
        return None if started is None else cls(pid, started)

    def alive(self) -> bool:
        return _started_at(self.pid) == self.started

    def signal(self, number: int) -> None:
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait_gone(self, seconds: float) -> bool:
        return wait_until(lambda: not self.alive(), seconds)


def wait_until(condition: Callable[[], bool], seconds: float, *, every: float = 0.01) -> bool:
    """Poll `condition` until it holds; False when `seconds` pass first."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def _started_at(pid: int) -> str | None:
    if not _PROC.joinpath("self", "stat").exists():
        return _started_at_from_ps(pid)
    try:
        stat = _PROC.joinpath(str(pid), "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the command in parentheses and may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    state, start_ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{_boot_id()}:{start_ticks}"


def _boot_id() -> str:
    return _PROC.joinpath("sys/kernel/random/boot_id").read_text().strip()


def _started_at_from_ps(pid: int) -> str | None:
    """Systems without /proc (macOS): the start time to the second."""
    done = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, started = done.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def processes_in(directory: Path) -> list[ProcessRef]:
    """Processes whose working directory is `directory`, whoever started them.

    PostgreSQL's postmaster and all its children run in their data directory, so this also finds the children that
    survive a killed postmaster for a moment. Empty on systems without /proc.
    """
    found = []
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry.joinpath("cwd").readlink() == directory and (ref := ProcessRef.of(int(entry.name))):
                found.append(ref)
    return found


def command_line(pid: int) -> list[str]:
    """The arguments of a process; empty when it is gone or on a system without /proc."""
    try:
        return _PROC.joinpath(str(pid), "cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return []


def stop_all(refs: Iterable[ProcessRef], steps: Sequence[tuple[int, float]]) -> None:
    """Send each signal in `steps` and wait that many seconds; end as soon as all are gone.

    Raises StackError when one is still there after the last step.
    """
    left = list(refs)
    for number, seconds in steps:
        for ref in left:
            ref.signal(number)
        deadline = time.monotonic() + seconds
        left = [ref for ref in left if not ref.wait_gone(max(0.0, deadline - time.monotonic()))]
        if not left:
            return
    if left:
        raise StackError("cannot stop left-over processes: " + ", ".join(str(ref.pid) for ref in left))


def stop_child(child: subprocess.Popen[bytes], steps: Sequence[tuple[int, float]]) -> None:
    """The same for a child of ours: it is reaped as well."""
    for number, seconds in steps:
        if child.poll() is not None:
            return
        child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
    if child.poll() is None:
        raise StackError(f"process {child.pid} does not stop")


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    log: IO[bytes],
    cwd: Path | None = None,
    account: Account | None = None,
    stdin: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a process in its own session: Ctrl-C in the terminal does not reach it."""
    return subprocess.Popen(  # noqa: S603
        [str(part) for part in command],
        env=env,
        cwd=cwd,
        stdin=stdin,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=pass_fds,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        umask=0o077,
    )


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    account: Account | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; the caller judges the return code. stderr is part of stdout."""
    return subprocess.run(  # noqa: S603
        [str(part) for part in command],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Our own environment plus `extra`, for a child. Nothing is interpreted here; settings.py does that."""
    return {**os.environ, **extra}


def die_with(supervisor_pid: int) -> None:
    """Make this process get SIGTERM when its supervisor ends, even by kill -9.

    Linux tells us (prctl); elsewhere a thread looks every half second. Call it from the main thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        threading.Thread(target=_watch_parent, args=(supervisor_pid,), daemon=True).start()
    if os.getppid() != supervisor_pid:  # it ended before we asked
        raise SystemExit(1)


def _watch_parent(supervisor_pid: int) -> None:
    while os.getppid() == supervisor_pid:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
