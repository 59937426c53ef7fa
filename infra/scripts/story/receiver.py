"""A webhook receiver of one's own: a real HTTP server that verifies Standard Webhooks signatures."""

import json
import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook, WebhookVerificationError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Receiver:
    """Counts deliveries by event id. What comes before `secret` is set is judged when it is."""

    def __init__(self, base_url: str) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.times: Counter[str] = Counter()
        self.forged = 0
        self._lock = threading.Lock()
        self._early: list[tuple[bytes, dict[str, str]]] = []
        self._webhook: Webhook | None = None
        host = _own_address(base_url)
        self._server = _Server(("127.0.0.1" if host in LOOPBACK else "0.0.0.0", 0), _handler(self))  # noqa: S104
        self.url = f"http://{host}:{self._server.server_address[1]}/hangar"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def trust(self, secret: str) -> None:
        """Verify with this secret from now on, and what came already."""
        with self._lock:
            self._webhook = Webhook(secret)
            early, self._early = self._early, []
        for body, headers in early:
            self.take(body, headers)

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """The status to answer: 204, or 401 for a signature that does not hold."""
        with self._lock:
            if self._webhook is None:
                self._early.append((body, headers))
                return 204
            try:
                self._webhook.verify(body, headers)
            except WebhookVerificationError:
                self.forged += 1
                return 401
            event = json.loads(body)
            self.events[event["id"]] = event
            self.times[event["id"]] += 1
            return 204

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed in the middle of a request is part of the story."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            if len(body) < length:  # its sender was killed in mid-sentence
                return
            self.send_response(receiver.take(body, dict(self.headers.items())))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the base class's name
            pass

    return Handler


def _own_address(base_url: str) -> str:
    """This machine's address as the server at `base_url` sees it."""
    parts = urlsplit(base_url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((parts.hostname or "127.0.0.1", parts.port or 80))  # sends nothing
        return str(probe.getsockname()[0])
