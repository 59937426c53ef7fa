"""A whole product for the length of one script: `up` on a throwaway directory and a port of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.kernel.embedded.home import remove_home
from app.kernel.embedded.janitor import CHECKOUT, janitor
from app.kernel.embedded.process import StackError, child_environment, spawn, stop_child, wait_until
from app.kernel.embedded.stack import EmbeddedStack
from app.kernel.embedded.supervisor import STOP_STEPS

_READY_SECONDS = 180.0


@contextmanager
def temporary_server(settings: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """A supervised server with `settings` added to its environment. Durable: it may be killed and measured.

    Yields variables for the script: APP_BASE_URL and HANGAR_STACK_STATE, the path of a JSON file
    `{pid, base_url, ready, urls{app_url, owner_url, ops_url, direct_url, superuser_url, redis_url},
    processes{postgres, valkey, server, worker: {pid, started}}}` that `up` keeps current through restarts.
    Raises StackError when the server does not get ready.
    """
    directory = Path(tempfile.mkdtemp(prefix="hangar-tmp-"))
    directory.chmod(0o711)
    home = EmbeddedStack(directory).home
    command = [sys.executable, "-m", "app.cli", "up", "--port", "0", "--data-dir", str(directory)]
    command += ["--supervisor-pid", str(os.getpid())]
    # External services of the caller must not be used: scripts here kill and fill what they run on.
    external = ["DATABASE_URL", "DATABASE_OWNER_URL", "OPS_DATABASE_URL", "DATABASE_DIRECT_URL", "REDIS_URL"]
    environment = child_environment(dict.fromkeys(external, "") | dict(settings))
    try:
        with janitor(home, home.path, directory), home.log("up") as log:
            process = spawn(command, env=environment, log=log, cwd=CHECKOUT)
            try:
                wait_until(
                    lambda: process.poll() is not None or home.state().get("ready", False), _READY_SECONDS
                )
                if process.poll() is not None or not home.state().get("ready"):
                    raise StackError(f"the temporary server did not start:\n{home.log_tail('up', 60)}")
                state = home.path / "state.json"
                yield {"APP_BASE_URL": home.state()["base_url"], "HANGAR_STACK_STATE": str(state)}
            finally:
                _stop(process)
    finally:
        remove_home(home, directory)


def _stop(process: subprocess.Popen[bytes]) -> None:
    (number, _), kill = STOP_STEPS
    stop_child(process, [(number, 90.0), kill])
