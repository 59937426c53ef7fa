"""A server that is told to stop ends its event streams itself, so that it need not wait for them."""

import os
import signal
import socket
import subprocess
import sys

import httpx

from app.kernel.embedded.janitor import CHECKOUT
from tests.events.test_stream import reading
from tests.operations.following import wait_until
from tests.support.server import Server
from tests.support.tenants import Tenant


def test_open_streams_end_in_order_at_sigterm(server: Server, tenant: Tenant) -> None:
    """Cut off instead, the reader would get a protocol error: a body without its end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        command = [sys.executable, "-m", "app.cli", "serve", "--fd", str(listening.fileno())]
        process = subprocess.Popen(
            command,
            env=os.environ | server.urls.environment(),
            cwd=CHECKOUT,
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
    try:
        headers = {"Authorization": f"Bearer {tenant.token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            wait_until(lambda: process.poll() is not None or client.get("/healthz").status_code == 200)
            with reading(client) as reader:
                reader.started()
                process.send_signal(signal.SIGTERM)
                assert all("data" not in frame for frame in reader.rest())
        assert process.wait(timeout=60) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()
