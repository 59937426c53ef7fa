"""With a collector named, requests leave spans there (OTLP over HTTP)."""

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.databases import Servers

CHECKOUT = Path(__file__).resolve().parents[2]


class Collector(ThreadingHTTPServer):
    """Keeps the names of the spans that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receive)
        self.spans: list[str] = []


class _Receive(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        raw = gzip.decompress(raw) if self.headers.get("content-encoding") == "gzip" else raw
        for resource in ExportTraceServiceRequest.FromString(raw).resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += [span.name for span in scope.spans]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def test_requests_leave_spans_named_by_their_route(urls: Servers, collector: Collector) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | urls.environment()
    environment |= {"HANGAR_TRACE_ENDPOINT": f"http://127.0.0.1:{collector.server_port}/v1/traces"}
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, cwd=CHECKOUT, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        ready, deadline = False, time.monotonic() + 100
        while not ready and time.monotonic() < deadline:
            try:
                ready = httpx.get(f"{url}/healthz", timeout=2).status_code == 200
            except httpx.TransportError:
                time.sleep(0.05)
        assert ready, "the server did not start"
        assert httpx.get(f"{url}/api/assets").status_code == 401
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert "GET /api/assets" in collector.spans
