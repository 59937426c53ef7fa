"""A caller of the HTTP API as a client script writes it: JSON in, JSON out, twenty seconds of patience."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import httpx

PATIENCE_SECONDS = 20.0
Observer = Callable[[httpx.Response], None]


class Unexpected(Exception):  # noqa: N818 it is what came back, and not an error of ours
    """An answer that was not the promised one; the text shows both."""

    def __init__(self, answer: httpx.Response, wanted: int) -> None:
        request = answer.request
        super().__init__(
            f"{request.method} {request.url.path}: wanted {wanted}, got {answer.status_code} {answer.text[:500]}"
        )


def base_url() -> str:
    """APP_BASE_URL without a trailing slash; exits with advice when it is not set."""
    found = os.environ.get("APP_BASE_URL", "").rstrip("/")
    if not found:
        raise SystemExit("set APP_BASE_URL, or run this through infra/dev demo NAME or infra/dev verify NAME")
    return found


class Api:
    """Requests with one credential. `observers` see every answer."""

    def __init__(self, base_url: str, token: str = "", observers: list[Observer] | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.base_url = base_url
        self.token = token
        self.observers = [] if observers is None else observers
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=PATIENCE_SECONDS)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer, whatever it is. A 429 is waited out as its Retry-After says."""
        given: dict[str, Any] = {} if body is None else {"json": body}
        while True:
            answer = self._http.request(method, path, params=params, headers=headers, **given)
            if answer.status_code != 429:
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        for observe in self.observers:
            observe(answer)
        return answer

    def get(self, path: str, wanted: int = 200, **params: Any) -> Any:
        """The JSON of a GET. Raises `Unexpected` on another status than `wanted`."""
        return self._json(self.send("GET", path, params=params), wanted)

    def post(self, path: str, body: object = None, wanted: int = 201, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._json(self.send("POST", path, {} if body is None else body, headers=named), wanted)

    def patch(self, path: str, body: object, wanted: int = 200) -> Any:
        return self._json(self.send("PATCH", path, body), wanted)

    def put(self, path: str, body: object, wanted: int = 200) -> Any:
        return self._json(self.send("PUT", path, body), wanted)

    def delete(self, path: str, wanted: int = 204) -> None:
        self._json(self.send("DELETE", path), wanted)

    def pages(self, path: str, **params: Any) -> list[Any]:
        """Every row of a list, following `Link: rel="next"`."""
        answer = self.send("GET", path, params={"limit": 1000, **params})
        rows: list[Any] = list(self._json(answer, 200))
        while following := answer.links.get("next"):
            answer = self.send("GET", following["url"])
            rows += self._json(answer, 200)
        return rows

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def _json(answer: httpx.Response, wanted: int) -> Any:
        if answer.status_code != wanted:
            raise Unexpected(answer, wanted)
        return answer.json() if answer.content and wanted != 204 else None
