"""The servers themselves: pids and URLs from the state file that `up` keeps current. For acts 7 and 8 only."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blackbox.waiting import until

RESTART_SECONDS = 120.0


@dataclass(frozen=True)
class Stack:
    """`path` names the JSON file; it is read anew each time, for pids change."""

    path: Path

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_text())
        return found

    @property
    def backups(self) -> Path:
        """Where `up` has the worker keep artefacts."""
        return self.path.with_name("backups")

    def pid(self, name: str) -> int:
        return int(self.state()["processes"][name]["pid"])

    def url(self, name: str) -> str:
        return str(self.state()["urls"][name])

    def kill(self, name: str) -> int:
        """kill -9; returns the pid that was."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_replaced(self, name: str, old: int) -> float:
        """Seconds until another process stands in the place of `old`."""
        return until(lambda: self.pid(name) != old, RESTART_SECONDS, f"{name} to be started again")

    def start_seconds(self) -> float:
        """From the stack's lock to its readiness, by the files' times. Right until something restarts."""
        return self.path.stat().st_mtime - self.path.with_name("lock").stat().st_mtime


def from_environment() -> Stack | None:
    path = os.environ.get("HANGAR_STACK_STATE", "")
    return Stack(Path(path)) if path else None
