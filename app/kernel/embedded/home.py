"""The directory one stack lives in: lock, passwords and ports, state, logs, clusters.

<home>/lock           flock held as long as the stack's owner lives
<home>/config.json    generated passwords, chosen ports (0600)
<home>/state.json     what runs now: pids with start times, URLs (0600)
<home>/log/           one file per process
<home>/postgres/      the cluster (owned by the system user PostgreSQL runs as)
<home>/run/           PostgreSQL's socket, when the path is short enough for one
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from app.kernel.embedded.account import can_enter
from app.kernel.embedded.process import Account, ProcessRef, StackError

SHARED_BASE = Path("/var/lib/hangar")
_LOG_LIMIT = 20 * 1024 * 1024


class StackHome:
    """Files of one stack. `account` is the user its servers run as, None for our own."""

    def __init__(self, path: Path, account: Account | None) -> None:
        self.path = path
        self.account = account
        self.cluster = path / "postgres"
        self._lock: IO[str] | None = None

    def lock(self) -> None:
        """Take the lock or raise StackError naming the holder. Ours already: nothing to do."""
        if self._lock is not None:
            return
        handle = (self.path / "lock").open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            handle.close()
            raise StackError(
                f"another Hangar (pid {holder}) is running on {self.path}; stop it or choose another --data-dir"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        self._lock = handle

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def config(self) -> dict[str, Any]:
        return _read_json(self.path / "config.json")

    def password(self, role: str) -> str:
        """The generated password of a role, made on first use. URL-safe characters only."""
        config = self.config()
        passwords = config.setdefault("passwords", {})
        if role not in passwords:
            passwords[role] = secrets.token_urlsafe(24)
            write_private(self.path / "config.json", config)
        return str(passwords[role])

    def port(self, name: str, *, renew: bool = False) -> int:
        """A port of 127.0.0.1 kept for `name`; a new one when another program has taken it meanwhile."""
        config = self.config()
        ports = config.setdefault("ports", {})
        if renew or name not in ports or not port_is_free(ports[name]):
            ports[name] = _free_port()
            write_private(self.path / "config.json", config)
        return int(ports[name])

    def remember(self, key: str, value: Any) -> None:
        write_private(self.path / "config.json", self.config() | {key: value})

    def state(self) -> dict[str, Any]:
        return _read_json(self.path / "state.json")

    def update_state(self, **values: Any) -> None:
        write_private(self.path / "state.json", self.state() | values)

    def record(self, name: str, pid: int) -> None:
        """Note a running process, so that the next start can stop it if we cannot."""
        ref = ProcessRef.of(pid)
        processes = self.state().get("processes", {})
        self.update_state(processes=processes | {name: asdict(ref) if ref else None})

    def recorded(self, name: str) -> ProcessRef | None:
        """The process noted under that name, if it is still alive."""
        noted = self.state().get("processes", {}).get(name)
        ref = ProcessRef(**noted) if noted else None
        return ref if ref and ref.alive() else None

    def clear_state(self) -> None:
        (self.path / "state.json").unlink(missing_ok=True)

    def log(self, name: str) -> IO[bytes]:
        """The log file of a process, open for appending; the previous one is kept as .1 when it is large."""
        path = self.log_path(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if path.exists() and path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return path.open("ab")

    def log_path(self, name: str) -> Path:
        return self.path / "log" / f"{name}.log"

    def log_tail(self, name: str, lines: int = 15) -> str:
        path = self.log_path(name)
        if not path.exists():
            return ""
        with path.open("rb") as handle:
            handle.seek(max(0, path.stat().st_size - 16_384))
            return "\n".join(handle.read().decode(errors="replace").splitlines()[-lines:])

    def own(self, path: Path) -> None:
        """Hand a file or directory that we just made to the servers' user."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)


def open_home(wanted: Path, account: Account | None) -> StackHome:
    """The home for `wanted`: that directory, or one under /var/lib/hangar when the servers' user can't reach it.

    Makes missing directories; changes nothing about directories that exist.
    """
    wanted = wanted.absolute()
    _make_directories(wanted)
    if account is None or can_enter(wanted, account):
        return StackHome(wanted, account)
    shared = SHARED_BASE / hashlib.sha256(bytes(wanted.resolve())).hexdigest()[:16]
    _make_directories(shared)
    return StackHome(shared, account)


def remove_home(home: StackHome, wanted: Path) -> None:
    for path in {home.path, wanted.absolute()}:
        shutil.rmtree(path, ignore_errors=True)


def _make_directories(path: Path) -> None:
    missing = [part for part in (path, *path.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir()
        part.chmod(0o755)  # ours, just made: a tight umask must not lock the servers' user out


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file atomically; readable by us alone."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(content, handle, indent=2)
        handle.flush()
        os.fsync(handle.fileno())
    new.replace(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def port_is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
