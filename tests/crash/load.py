"""Writers that keep their own ledger of what the server acknowledged."""

import threading
from collections import Counter
from types import TracebackType
from typing import Self
from uuid import uuid4

import httpx


class Load:
    """`with Load(url, token) as load:` posts assets from several threads until the block ends.

    `acknowledged` holds the ids of 201 answers; `statuses` counts all answers, 0 for a lost connection.
    """

    def __init__(self, url: str, token: str, *, threads: int = 4) -> None:
        self.url = url
        self.acknowledged: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.unavailable: list[httpx.Response] = []
        self._headers = {"Authorization": f"Bearer {token}"}
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._write, daemon=True) for _ in range(threads)]

    def _write(self) -> None:
        with httpx.Client(base_url=self.url, headers=self._headers, timeout=10) as client:
            while not self._stop.is_set():
                body = {"asset_type": "UAV", "asset_code": uuid4().hex, "name": "Load"}
                try:
                    answer = client.post("/api/assets", json=body)
                except httpx.TransportError:
                    self._note(0, None)
                    self._stop.wait(0.02)
                    continue
                self._note(answer.status_code, answer)

    def _note(self, status: int, answer: httpx.Response | None) -> None:
        with self._changed:
            self.statuses[status] += 1
            if answer is not None and status == 201:
                self.acknowledged.append(answer.json()["id"])
            elif answer is not None and status == 503:
                self.unavailable.append(answer)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Until `count` more writes than now were acknowledged."""
        with self._changed:
            wanted = len(self.acknowledged) + count
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= wanted, timeout=60), self.statuses

    def wait_for_status(self, status: int) -> None:
        with self._changed:
            wanted = self.statuses[status] + 1
            assert self._changed.wait_for(lambda: self.statuses[status] >= wanted, timeout=60), self.statuses

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)
