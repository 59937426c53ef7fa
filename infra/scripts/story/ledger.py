"""The ledger of acknowledged writes: what the server said it had done, kept on the client's side."""

import threading

import httpx
from blackbox.api import Api

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Ledger:
    """Request ids of every write that was answered with success. An observer of `Api`; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: set[str] = set()

    def observe(self, answer: httpx.Response) -> None:
        if answer.request.method in _WRITES and answer.is_success:
            with self._lock:
                self._requests.add(answer.headers["X-Request-ID"])

    def forget(self, answer: httpx.Response) -> None:
        """Strike off a request that changed nothing (a repeated bind): it has no audit row."""
        with self._lock:
            self._requests.discard(answer.headers["X-Request-ID"])

    @property
    def requests(self) -> set[str]:
        with self._lock:
            return set(self._requests)

    def missing(self, api: Api) -> set[str]:
        """Acknowledged requests of which the audit knows nothing."""
        return self.requests - {entry["request_id"] for entry in api.pages("/api/audit")}
