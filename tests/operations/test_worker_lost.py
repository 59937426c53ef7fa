"""A worker killed with -9 in the middle of its work: the work is begun again, or given up, but never forgotten."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.kernel.embedded.janitor import CHECKOUT
from tests.operations.following import read, start, wait_until
from tests.operations.kinds import HANG, HANG_FOR_EVER
from tests.support.server import Server
from tests.support.tenants import Tenant


@contextmanager
def worker(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process, killed at the end of the block."""
    environment = os.environ | server.urls.environment() | {"PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "tests.operations.worker_process"]
    process = subprocess.Popen(command, env=environment, cwd=CHECKOUT, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_work_of_a_killed_worker_goes_on_or_fails(server: Server, tenant: Tenant) -> None:
    goes_on = start(server, tenant, HANG)
    gives_up = start(server, tenant, HANG_FOR_EVER)
    with worker(server) as first:
        wait_until(
            lambda: all(
                read(tenant, each)["progress"]["message"] == "hanging" for each in (goes_on, gives_up)
            )
        )
        first.kill()
    assert {read(tenant, each)["status"] for each in (goes_on, gives_up)} == {"RUNNING"}
    with worker(server):
        wait_until(
            lambda: all(
                tenant.client.get(f"/api/operations/{each}?wait_seconds=5").json()["finished_at"]
                for each in (goes_on, gives_up)
            )
        )
    continued, failed = read(tenant, goes_on), read(tenant, gives_up)
    assert (continued["status"], continued["result"], continued["attempts"]) == ("SUCCEEDED", {"turn": 2}, 2)
    assert (failed["status"], failed["problem"]["code"]) == ("FAILED", "operation_worker_lost")
