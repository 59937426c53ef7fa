"""`up`: the embedded stack, migrations, demo data, server and worker in one foreground command."""

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.kernel.embedded.home import StackHome
from app.kernel.embedded.janitor import CHECKOUT
from app.kernel.embedded.process import StackError, child_environment, spawn, stop_child
from app.kernel.embedded.stack import EmbeddedStack
from app.kernel.embedded.supervisor import STOP_STEPS, Backoff, Service, ServiceProcess, stop_left_services

_READY_SECONDS = 120.0
_PATIENCE = 15.0
_TICK = 0.1

Tell = Callable[[str], None]


class Up:
    """One run of `up`. `postgres` and `valkey` say which services to embed; the others come from the environment."""

    def __init__(
        self, data_dir: Path, port: int, *, profile: str, postgres: bool, valkey: bool, tell: Tell
    ) -> None:
        self._profile = profile
        self._stop = threading.Event()
        self._tell = tell
        self._port = port
        self._stack = EmbeddedStack(data_dir, postgres=postgres, valkey=valkey, interrupted=self._stop.is_set)
        self._revival = Backoff()
        self._services: list[ServiceProcess] = []

    @property
    def home(self) -> StackHome:
        return self._stack.home

    def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP. Raises StackError when it cannot start; leaves no process behind."""
        began = time.monotonic()
        self.home.lock()
        self.home.record("up", os.getpid())
        self.home.update_state(pid=os.getpid(), ready=False)
        with _signals_set(self._stop):
            try:
                stopped = stop_left_services(self.home, ["server", "worker"])
                if stopped:
                    self._tell(f"stopped {' and '.join(stopped)} left by a killed run")
                with _listen(self._port) as listener:
                    self._start(listener, began)
                    self._supervise()
            finally:
                self._shut_down()

    def _start(self, listener: socket.socket, began: float) -> None:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.home.update_state(base_url=base_url)
        if self._stack.postgres or self._stack.valkey:
            self._tell("starting PostgreSQL and Valkey")
        urls = self._stack.start()
        own = {"HANGAR_INSPECTION_URL": base_url, "HANGAR_BACKUP_DIR": str(self.home.path / "backups")}
        environment = own | child_environment(urls.environment())
        me, descriptor = str(os.getpid()), listener.fileno()
        serve = ["serve", "--fd", str(descriptor), "--supervisor-pid", me]
        server = ServiceProcess(Service("server", serve, [descriptor]), self.home, environment)
        worker = ServiceProcess(Service("worker", ["worker", "--supervisor-pid", me]), self.home, environment)
        fingerprint = _fingerprint(self._profile)
        remembered = self.home.config().get("prepared", {})
        known = bool(self._stack.postgres) and remembered.get("fingerprint") == fingerprint
        if not known:
            self._tell("migrating the database and seeding demo data")
        seeded = _moved(remembered, base_url) if known else self._prepare(environment, base_url)
        self._tell("starting server and worker")
        self._launch(server)
        self._launch(worker)
        if not self._wait_ready(base_url, _PATIENCE if known else _READY_SECONDS):
            if not known:
                raise StackError(f"the server did not become ready:\n{self.home.log_tail('server', 40)}")
            self._tell("not ready: migrating again")  # somebody has taken the schema back by hand
            seeded = self._prepare(environment, base_url)
            if not self._wait_ready(base_url, _READY_SECONDS):
                raise StackError(f"the server did not become ready:\n{self.home.log_tail('server', 40)}")
        if self._stop.is_set():
            return
        self.home.remember("prepared", {"fingerprint": fingerprint, "seeded": seeded, "base_url": base_url})
        self.home.update_state(ready=True, urls=vars(urls), seeded=seeded)
        self._tell(_banner(base_url, seeded, self.home, time.monotonic() - began))

    def _launch(self, process: ServiceProcess) -> None:
        if not self._stop.is_set():
            self._services.append(process)
            process.start()

    def _prepare(self, environment: dict[str, str], base_url: str) -> dict[str, str]:
        """Migrations and demo data in a child: this process stays small and never reads the child's settings."""
        answer = self.home.path / "prepared.json"
        answer.unlink(missing_ok=True)
        arguments = ["prepare", str(answer), "--base-url", base_url, "--supervisor-pid", str(os.getpid())]
        with self.home.log("prepare") as log:
            child = spawn(
                [sys.executable, "-m", "app.cli", *arguments], env=environment, log=log, cwd=CHECKOUT
            )
        while child.poll() is None and not self._stop.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_TICK)
        stop_child(child, STOP_STEPS)
        if self._stop.is_set():
            return {}
        if child.returncode != 0:
            raise StackError(f"migrations or demo data failed:\n{self.home.log_tail('prepare', 40)}")
        seeded: dict[str, str] = json.loads(answer.read_text())
        answer.unlink()
        return seeded

    def _wait_ready(self, base_url: str, seconds: float) -> bool:
        """True once /readyz says so, or when we were asked to stop; False when the time is up."""
        deadline = time.monotonic() + seconds
        while not self._stop.is_set() and not _ready(base_url):
            if self._services and not self._services[0].running():
                raise StackError(f"the server ended at its start:\n{self.home.log_tail('server', 40)}")
            if time.monotonic() > deadline:
                return False
            self._stop.wait(0.05)
        return True

    def _supervise(self) -> None:
        while not self._stop.wait(_TICK):
            self._revive_stack()
            for service in self._services:
                service.tend(self._tell)

    def _revive_stack(self) -> None:
        now = time.monotonic()
        if not self._revival.due(now):
            return
        try:
            for name in self._stack.revive():
                self._tell(f"{name} had ended and runs again")
        except StackError as error:
            self._revival.failed(now)
            self._tell(f"{error}")

    def _shut_down(self) -> None:
        if self._services:
            self._tell("stopping")
        for service in self._services:  # the server drains first: its requests may wait for the worker
            service.stop()
        self._stack.stop()


@contextmanager
def _signals_set(event: threading.Event) -> Iterator[None]:
    """SIGINT, SIGTERM, SIGHUP set the event; a repeated Ctrl-C does not cut the shutdown short."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, lambda *_: event.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _listen(port: int) -> Iterator[socket.socket]:
    """The server's socket, held here: connections made while the server restarts wait instead of being refused."""
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    except OSError as error:
        raise StackError(f"port {port} of 127.0.0.1 is in use; choose another with --port") from error
    with listener:
        yield listener


def _moved(remembered: dict[str, Any], base_url: str) -> dict[str, str]:
    """What the demo data showed at their making, for the port of today."""
    return {
        name: text.replace(remembered["base_url"], base_url) for name, text in remembered["seeded"].items()
    }


def _fingerprint(profile: str) -> str:
    """A digest of what migrations and demo data depend on: unchanged, they need not run again."""
    digest = hashlib.sha256(profile.encode())
    for folder in ("app", "infra/migrations"):
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def _ready(base_url: str) -> bool:
    connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=2)
    try:
        connection.request("GET", "/readyz", headers={"Connection": "close"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _banner(base_url: str, seeded: dict[str, str], home: StackHome, seconds: float) -> str:
    curl = f"curl -s {base_url}/readyz"
    lines = {
        "Hangar": base_url,
        "landing page": f"{base_url}/",
        "API docs": f"{base_url}/docs",
        **{name: text for name, text in seeded.items() if name != "curl"},
        "logs": str(home.path / "log"),
        "try": seeded.get("curl", curl),
    }
    width = max(len(name) for name in lines) + 2
    rows = "\n".join(f"  {name:<{width}}{text}" for name, text in lines.items())
    return f"\n{rows}\n\nready after {seconds:.1f} s; Ctrl-C stops everything"
