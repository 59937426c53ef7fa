"""The story's migrations, run by a process of its own beside the servers."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Self

_PROGRAM = Path(__file__).with_name("triplet.py")
STEPS = ("expand", "backfill", "enforce", "take back")


class Triplet:
    """`with Triplet(owner_url) as triplet:` starts Alembic once; each `run` is one step."""

    def __init__(self, owner_url: str) -> None:
        self._owner_url = owner_url

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory()
        self._errors = TemporaryFile("w+")
        command = [sys.executable, str(_PROGRAM), self._owner_url, self._folder.name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, bufsize=1
        )
        self._read()  # ready: everything is imported
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._errors.close()
        self._folder.cleanup()

    def run(self, step: str) -> tuple[str, bool]:
        """What the step did, or why it failed, and which of the two."""
        assert self._process.stdin is not None
        if self._process.poll() is None:
            self._process.stdin.write(f"{step}\n")
        return self._read()

    def _read(self) -> tuple[str, bool]:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline().strip():
            return line, True
        self._process.wait(30)
        self._errors.seek(0)
        return f"failed: {self._errors.read().strip()[-600:]}", False
