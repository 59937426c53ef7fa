"""Processes that own a stack, to be killed by the tests. Run as `python owners.py KIND DIRECTORY`."""

import encodings.idna  # noqa: F401 socket looks it up by name, too late for a process that gave up its rights
import os
import sys
import time
from pathlib import Path

from app.kernel.embedded import EmbeddedStack, temporary_stack
from app.kernel.embedded.stack import StackUrls


def announce(home: Path, urls: StackUrls) -> None:
    sys.stdout.write(f"{home}\n{urls.superuser_url}\n")
    sys.stdout.flush()


def hold(directory: Path) -> None:
    """Start a durable stack and sit on it."""
    stack = EmbeddedStack(directory)
    announce(stack.home.path, stack.start())
    time.sleep(600)


def throwaway(_: Path) -> None:
    with temporary_stack() as stack:
        announce(stack.home.path, stack.urls)
        time.sleep(600)


def as_nobody(directory: Path) -> None:
    """The whole life of a stack under a user that is not root (imports are done: its interpreter may be root's)."""
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    stack = EmbeddedStack(directory / "data")
    announce(stack.home.path, stack.start())
    sys.stdin.read()
    stack.stop()


if __name__ == "__main__":
    {"hold": hold, "throwaway": throwaway, "nobody": as_nobody}[sys.argv[1]](Path(sys.argv[2]))
