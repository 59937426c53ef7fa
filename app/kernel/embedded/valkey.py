"""One Valkey server: a cache on 127.0.0.1 behind a password, nothing on disk."""

import signal
import socket
import subprocess
from pathlib import Path

from app.kernel.embedded.binaries import valkey_program
from app.kernel.embedded.home import StackHome
from app.kernel.embedded.process import StackError, spawn, stop_all, stop_child, wait_until

_STEPS = [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)]
_START_SECONDS = 20.0


class ValkeyServer:
    def __init__(self, home: StackHome) -> None:
        self._home = home
        self._program = valkey_program(home.account)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it answers. Raises StackError."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start without waiting, so that PostgreSQL can start meanwhile."""
        if left := self._home.recorded("valkey"):
            stop_all([left], _STEPS)
        if self.port == 0:  # after a restart the URL that we gave out must still hold
            self.port = self._home.port("valkey")
        self._spawn()

    def wait_ready(self) -> None:
        for _ in range(3):
            if wait_until(lambda: not self.running() or self._answers(), _START_SECONDS) and self.running():
                return
            self._stop_process()
            if "Address already in use" not in self._home.log_tail("valkey"):
                break
            self.port = self._home.port("valkey", renew=True)
            self._spawn()
        raise StackError(f"Valkey did not start:\n{self._home.log_tail('valkey')}")

    def stop(self) -> None:
        self._stop_process()

    def kill(self) -> None:
        """kill -9, for crash tests."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _stop_process(self) -> None:
        if self._process is not None:
            stop_child(self._process, _STEPS)
            self._process = None

    def _spawn(self) -> None:
        # The configuration goes by standard input: a command line would show the password to every user.
        with self._home.log("valkey") as log:
            process = spawn(
                [self._program, "-"],
                env={"LC_ALL": "C"},
                log=log,
                account=self._home.account,
                cwd=Path("/"),
                stdin=subprocess.PIPE,
            )
        self._process = process
        if process.stdin is not None:
            with process.stdin as stdin:
                stdin.write(self._configuration().encode())
        self._home.record("valkey", process.pid)

    def _configuration(self) -> str:
        return "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                "protected-mode yes",
                f"requirepass {self._home.password('valkey')}",
                'save ""',
                "appendonly no",
                "daemonize no",
                "maxmemory 256mb",
                "maxmemory-policy allkeys-lru",
                "dir /",
                "",
            ]
        )

    def _answers(self) -> bool:
        """Ask with AUTH and PING in the Redis protocol's inline form (valkey.io/topics/protocol)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self._home.password('valkey')}\r\nPING\r\n".encode())
                answer = b""
                while b"PONG" not in answer and (part := connection.recv(256)):
                    answer += part
        except OSError:
            return False
        return answer.startswith(b"+OK")
