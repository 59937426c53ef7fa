"""Traffic that keeps its own ledger: assets registered and serviced by many clients, each write with its key."""

import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from blackbox.api import Api, Observer

CLIENTS = 6
ORDERS = "/api/assets/maintenance/workorders"
_PAUSE = 0.03  # keeps one principal below its 200 requests a second
_GIVE_UP = 180.0


class GaveUp(Exception):  # noqa: N818 said of a client
    """A request found no answer in three minutes."""


@dataclass
class Load:
    """`with Load(…) as load:` sends until the block ends, and finishes every write that it has begun.

    A write that gets no answer, or 503, is sent again with the same Idempotency-Key and request id until it is
    acknowledged; `interrupted` counts those tries. Any other unexpected status is in `wrong` and is not tried again.
    """

    base_url: str
    token: str
    observers: list[Observer]
    prefix: str
    assets: dict[str, str] = field(default_factory=dict)
    orders: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    interrupted: int = 0

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._threads = [threading.Thread(target=self._client, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(_GIVE_UP + 10)
        if any(thread.is_alive() for thread in self._threads):
            raise TimeoutError("a client of the load did not end")

    @property
    def acknowledged(self) -> int:
        """Writes that were answered with success."""
        with self._lock:
            return sum(count for status, count in self.answers.items() if 200 <= status < 300)

    @property
    def requests(self) -> int:
        """Answers, and tries that got none."""
        with self._lock:
            return sum(self.answers.values()) + self.interrupted

    def _client(self) -> None:
        with Api(self.base_url, self.token, self.observers) as api:
            try:
                while not self._stop.is_set():
                    self._one_life(api)
            except Exception as error:  # noqa: BLE001 a dead client must be a failed fact and not a silent thread
                with self._lock:
                    self.wrong.append(f"{type(error).__name__}: {error}")

    def _one_life(self, api: Api) -> None:
        """Register an asset, open a work order on it, begin it, close it: four writes."""
        code = f"{self.prefix}-{next(self._numbers):05}"
        body = {"asset_type": "PAYLOAD", "asset_code": code, "name": f"Payload {code}"}
        asset = self._write(api, "/api/assets", body, f"{code}-asset")
        if asset is None:
            return
        with self._lock:
            self.assets[asset["id"]] = code
        order = self._write(api, ORDERS, {"asset_id": asset["id"], "title": f"Check {code}"}, f"{code}-order")
        if order is None:
            return
        path = f"{ORDERS}/{order['id']}"
        begun = self._write(api, f"{path}/transition", {"status": "IN_PROGRESS"}, f"{code}-begin")
        if (
            begun is not None
            and self._write(api, f"{path}/close", {"note": "fine"}, f"{code}-close") is not None
        ):
            with self._lock:
                self.orders.add(order["id"])

    def _write(self, api: Api, path: str, body: dict[str, Any], key: str) -> dict[str, Any] | None:
        """The answer of an acknowledged write; None when it was refused, which `wrong` then tells."""
        deadline = time.monotonic() + _GIVE_UP
        while time.monotonic() < deadline:
            time.sleep(_PAUSE)
            try:
                answer = api.send("POST", path, body, headers={"Idempotency-Key": key, "X-Request-ID": key})
            except httpx.TransportError:
                self._note_interruption()
                continue
            if answer.status_code == 503 or _in_flight(answer):
                self._note_interruption()
                continue
            with self._lock:
                self.answers[answer.status_code] += 1
                if not answer.is_success:
                    self.wrong.append(f"POST {path}: {answer.status_code} {answer.text[:300]}")
            found: dict[str, Any] | None = answer.json() if answer.is_success else None
            return found
        raise GaveUp(f"POST {path}")

    def _note_interruption(self) -> None:
        with self._lock:
            self.interrupted += 1
        time.sleep(_PAUSE * 5)


def _in_flight(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json().get("code") == "idempotency_in_flight"
