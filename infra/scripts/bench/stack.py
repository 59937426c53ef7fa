"""The server under measurement: its URLs and processes, from the state file of `infra/dev bench`."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings import Settings


class NoStackError(RuntimeError):
    """There is no server here that may be filled and loaded."""


@dataclass(frozen=True)
class Stack:
    """`urls` and `pids` are those of the state file, `base_url` is on 127.0.0.1."""

    base_url: str
    urls: dict[str, str]
    pids: dict[str, int]

    def settings(self, role: str = "app") -> Settings:
        """Settings of an app in this process, connected as one of app, owner or superuser."""
        given: dict[str, Any] = {
            "database_url": self.urls[f"{role}_url"],
            "database_owner_url": self.urls["owner_url"],
            "database_direct_url": self.urls["direct_url"],
            "redis_url": self.urls["redis_url"],
            "rate_limit_enabled": False,
        }
        return Settings.model_validate(given)


def from_environment() -> Stack:
    """Raises `NoStackError` unless HANGAR_STACK_STATE names the state of a server on this machine."""
    path = os.environ.get("HANGAR_STACK_STATE", "")
    if not path:
        raise NoStackError("run it as `infra/dev bench NAME`: it fills the database of a server of its own")
    state = json.loads(Path(path).read_text())
    if not state["base_url"].startswith("http://127.0.0.1:"):
        raise NoStackError(f"{state['base_url']} is not on this machine")
    pids = {name: process["pid"] for name, process in state["processes"].items()}
    return Stack(state["base_url"], state["urls"], pids)
