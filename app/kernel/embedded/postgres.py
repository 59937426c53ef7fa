"""One PostgreSQL server: made, started, waited for, stopped, and recognised when an earlier run left it behind."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from app.kernel.embedded.binaries import postgres_programs
from app.kernel.embedded.home import StackHome
from app.kernel.embedded.process import (
    ProcessRef,
    StackError,
    command_line,
    processes_in,
    run,
    spawn,
    stop_all,
    stop_child,
    wait_until,
)

SUPERUSER = "postgres"
_SOCKET_PATH_LIMIT = 107  # sun_path of unix(7), less the closing NUL; macOS has 103
_FAST = [(signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)]
_IMMEDIATE = [(signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)]
_ORPHANS = [(signal.SIGQUIT, 3.0), (signal.SIGKILL, 10.0)]
_RECOVERY_SECONDS = 900.0
_ENVIRONMENT = {
    "LC_ALL": "C",
    "TZ": "UTC",
    "PATH": "/usr/bin:/bin",
}  # nothing of the developer's PG* variables

_SETTINGS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than our short statements
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


class PostgresServer:
    """A server on `home`. With `durable=False` a power cut may destroy it: for throwaway databases only."""

    def __init__(
        self, home: StackHome, *, durable: bool = True, interrupted: Callable[[], bool] = lambda: False
    ) -> None:
        self._home = home
        self._durable = durable
        self._interrupted = interrupted
        self._process: subprocess.Popen[bytes] | None = None
        self.programs = postgres_programs(home.account)
        self.port = 0
        self._socket_dir: Path | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def socket_dir(self) -> Path:
        if self._socket_dir is None:
            raise StackError("PostgreSQL has not been started")
        return self._socket_dir

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it accepts connections, crash recovery included. Raises StackError."""
        self.stop_leftovers()
        self._initialise()
        self._socket_dir = self._make_socket_dir()
        restarted = self.port != 0
        for attempt in range(3):
            if not restarted:  # after a restart the URLs that we gave out must still hold
                self.port = self._home.port("postgres", renew=attempt > 0)
            self._spawn()
            if self._wait_ready():
                return
            if restarted or "Address already in use" not in self._home.log_tail("postgres"):
                break
        raise StackError(f"PostgreSQL did not start:\n{self._home.log_tail('postgres')}")

    def stop(self) -> None:
        """Fast shutdown: sessions end, everything committed is on disk."""
        if self._process is not None:
            stop_child(self._process, _FAST if self._durable else _IMMEDIATE)
            self._process = None
        self._remove_socket_dir()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """kill -9 of the postmaster, for crash tests; its children end on their own."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop_leftovers(self) -> None:
        """Stop whatever an earlier run left on this data directory, postmaster or orphaned children.

        Only processes that work in our data directory are touched; the caller holds the lock, so none of them has
        an owner any more.
        """
        cluster = self._home.cluster.resolve()
        postmaster = self._left_postmaster()
        if postmaster:
            stop_all([postmaster], _FAST)
        stop_all(processes_in(cluster), _ORPHANS)
        # The file names a pid that is not ours; left there, a stranger with that pid would block the start.
        (cluster / "postmaster.pid").unlink(missing_ok=True)

    def psql(self, *, database: str, script: Path | str, variables: Mapping[str, str] | None = None) -> str:
        """Run a psql script (a file) or one command (text) as the superuser; stops at the first error.

        Returns the output; raises StackError with it when psql fails. Variables reach psql by its environment,
        not its command line, where any user of the machine could read the passwords.
        """
        settings = {f"HANGAR_VAR_{name}": value for name, value in (variables or {}).items()}
        command: list[str | Path] = [self.programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        for name in variables or {}:
            command += ["-c", f"\\getenv {name} HANGAR_VAR_{name}"]
        command += ["-f", script] if isinstance(script, Path) else ["-c", script]
        done = run(command, env=_ENVIRONMENT | self._connection(database) | settings)
        if done.returncode != 0:
            raise StackError(f"psql on database {database} failed:\n{done.stdout}")
        return done.stdout

    def _connection(self, database: str) -> dict[str, str]:
        return {
            "PGHOST": str(self.socket_dir),
            "PGPORT": str(self.port),
            "PGUSER": SUPERUSER,
            "PGPASSWORD": self._home.password(SUPERUSER),
            "PGDATABASE": database,
        }

    def _initialise(self) -> None:
        cluster = self._home.cluster
        if cluster.exists():
            self._check_version(cluster)
            return
        workshop = self._home.path / "postgres.new"  # a name of its own until it is whole
        shutil.rmtree(workshop, ignore_errors=True)
        workshop.mkdir(mode=0o700)
        self._home.own(workshop)
        secret = workshop / "password"
        secret.touch(mode=0o600)
        secret.write_text(self._home.password(SUPERUSER))
        self._home.own(secret)
        fresh = workshop / "cluster"
        command: list[str | Path] = [
            self.programs / "initdb",
            "-D",
            fresh,
            "-U",
            SUPERUSER,
            "-A",
            "scram-sha-256",
        ]
        command += ["--pwfile", secret, "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += [] if self._durable else ["--no-sync"]
        done = run(command, env=_ENVIRONMENT, account=self._home.account, cwd=workshop)
        if done.returncode != 0:
            raise StackError(f"initdb failed:\n{done.stdout}")
        fresh.rename(cluster)
        shutil.rmtree(workshop)

    def _check_version(self, cluster: Path) -> None:
        made_by = (cluster / "PG_VERSION").read_text().strip()
        ours = run(
            [self.programs / "postgres", "-V"], env=_ENVIRONMENT, account=self._home.account, cwd=Path("/")
        )
        if f" {made_by}." not in ours.stdout:
            raise StackError(
                f"{cluster} was made by PostgreSQL {made_by}, this is {ours.stdout.strip()}: "
                "dump it with the old version or choose another --data-dir"
            )

    def _make_socket_dir(self) -> Path:
        # A directory of our own making only: an old run's may be gone, or be somebody else's by now.
        if left := self._home.state().get("socket_dir"):
            shutil.rmtree(left, ignore_errors=True)
        preferred = self._home.path / "run"
        longest = f"{preferred}/.s.PGSQL.65535.lock"
        if len(longest.encode()) < _SOCKET_PATH_LIMIT - 4:
            shutil.rmtree(preferred, ignore_errors=True)
            preferred.mkdir(mode=0o700)
            directory = preferred
        else:
            directory = Path(tempfile.mkdtemp(prefix="hangar-", dir="/tmp"))
        self._home.own(directory)
        self._home.update_state(socket_dir=str(directory))
        return directory

    def _remove_socket_dir(self) -> None:
        if self._socket_dir is not None:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir = None

    def _spawn(self) -> None:
        settings = _SETTINGS | (_DURABLE if self._durable else _THROWAWAY)
        settings |= {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.socket_dir),
        }
        command: list[str | Path] = [self.programs / "postgres", "-D", self._home.cluster.resolve()]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self._home.log("postgres") as log:
            self._process = spawn(
                command, env=_ENVIRONMENT, log=log, account=self._home.account, cwd=Path("/")
            )
        self._home.record("postgres", self._process.pid)

    def _wait_ready(self) -> bool:
        """True when it accepts connections, False when it ended instead."""
        process = self._process
        if process is None:
            return False

        def decided() -> bool:
            return process.poll() is not None or self._says_ready(process.pid) or self._interrupted()

        if not wait_until(decided, _RECOVERY_SECONDS):
            raise StackError(f"PostgreSQL did not finish recovery:\n{self._home.log_tail('postgres')}")
        if self._interrupted():
            raise StackError("stopped while PostgreSQL was starting")
        return process.poll() is None

    def _says_ready(self, pid: int) -> bool:
        """postmaster.pid: line 1 the pid, line 8 the status (src/include/utils/pidfile.h of PostgreSQL)."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _left_postmaster(self) -> ProcessRef | None:
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return self._home.recorded("postgres")
        pid = int(lines[0])
        ref = ProcessRef.of(pid)
        if ref is None:
            return None
        arguments = command_line(pid)
        ours = str(self._home.cluster.resolve()) in arguments and Path(arguments[0]).name == "postgres"
        return ref if ours or ref == self._home.recorded("postgres") else None

    def _pid_file(self) -> list[str]:
        try:
            return (self._home.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
