"""Keeps child processes running: one that ends is started again, later and later while it keeps ending."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.kernel.embedded.home import StackHome
from app.kernel.embedded.janitor import CHECKOUT
from app.kernel.embedded.process import StackError, spawn, stop_all, stop_child

STOP_STEPS = [(signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)]
_FIRST_DELAY, _LONGEST_DELAY, _STABLE_AFTER = 0.25, 10.0, 30.0


class Backoff:
    """Delay before the next attempt: doubles from 0.25 s to 10 s, forgotten after 30 s of health."""

    def __init__(self) -> None:
        self._delay = _FIRST_DELAY
        self._started = 0.0
        self._due = 0.0

    def started(self, now: float) -> None:
        self._started = now

    def failed(self, now: float) -> None:
        if now - self._started > _STABLE_AFTER:
            self._delay = _FIRST_DELAY
        self._due = now + self._delay
        self._delay = min(self._delay * 2, _LONGEST_DELAY)

    def due(self, now: float) -> bool:
        return now >= self._due


@dataclass(frozen=True)
class Service:
    """One child: `python -m app.cli ARGUMENTS`, with `pass_fds` left open for it."""

    name: str
    arguments: Sequence[str]
    pass_fds: Sequence[int] = ()


class ServiceProcess:
    def __init__(self, service: Service, home: StackHome, env: dict[str, str]) -> None:
        self.service = service
        self._home = home
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._down = False
        self._backoff = Backoff()

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with self._home.log(self.name) as log:
            self._process = spawn(
                [sys.executable, "-m", "app.cli", *self.service.arguments],
                env=self._env,
                log=log,
                cwd=CHECKOUT,
                pass_fds=self.service.pass_fds,
            )
        self._down = False
        self._backoff.started(time.monotonic())
        self._home.record(self.name, self._process.pid)

    def tend(self, tell: Callable[[str], None]) -> None:
        """Look after it once: note its end, start it again when that is due."""
        if self.running():
            return
        now = time.monotonic()
        if not self._down:
            self._down = True
            self._backoff.failed(now)
            tell(f"{self.name} ended ({_ending(self._process)}); starting it again, log: {self.log_path}")
        if self._backoff.due(now):
            self.start()

    @property
    def log_path(self) -> str:
        return str(self._home.log_path(self.name))

    def stop(self) -> None:
        if self._process is not None:
            stop_child(self._process, STOP_STEPS)
            self._process = None


def stop_left_services(home: StackHome, names: Sequence[str]) -> list[str]:
    """Stop services that a killed run left; returns their names."""
    left = {name: ref for name in names if (ref := home.recorded(name))}
    stop_all(left.values(), STOP_STEPS)
    return list(left)


def _ending(process: subprocess.Popen[bytes] | None) -> str:
    if process is None or process.returncode is None:
        raise StackError("asked for the ending of a process that has not ended")
    code = process.returncode
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
