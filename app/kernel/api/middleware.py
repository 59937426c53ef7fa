"""What surrounds every request: its id, one log line, the metrics, security headers, and a last catch.

Pure ASGI: context variables and streaming stay as they are.
"""

import re
import time
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kernel.api.render import problem_response
from app.kernel.ids import new_id
from app.kernel.obs.metrics import HTTP_DURATION, HTTP_REQUESTS
from app.kernel.problem import InternalError

log = structlog.get_logger("hangar.http")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# A client may send any word as the method; labels are these.
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
_QUIET = {"/healthz", "/readyz", "/metrics"}
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class V1Alias:
    """`/api/v1/<path>` is the same API as `/api/<path>`; OpenAPI lists each operation once."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and scope["path"].startswith("/api/v1/"):
            scope = dict(scope)
            scope["path"] = "/api/" + scope["path"].removeprefix("/api/v1/")
            scope["raw_path"] = scope.get("raw_path", b"").replace(b"/api/v1/", b"/api/", 1)
        await self.app(scope, receive, send)


class Surround:
    """Request id, log line, metrics and security headers; turns what nobody caught into a 500 problem."""

    def __init__(self, app: ASGIApp, *, https_only: bool) -> None:
        self.app = app
        self.extra = {"Strict-Transport-Security": "max-age=31536000"} if https_only else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Request(scope).headers.get("x-request-id", "")
        request_id = sent if _REQUEST_ID.fullmatch(sent) else str(new_id())
        scope["hangar.request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in (_SECURITY | self.extra).items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_with_headers)
            except Exception:
                log.exception("unhandled_error", path=scope["path"])
                if status:
                    raise
                response = problem_response(Request(scope), InternalError())
                await response(scope, receive, send_with_headers)
            finally:
                self._account(scope, status, time.perf_counter() - started)

    @staticmethod
    def _account(scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        HTTP_REQUESTS.labels(method, route, str(status)).inc()
        HTTP_DURATION.labels(method, route).observe(seconds)
        if scope["path"] in _QUIET and status < 500:
            return
        principal: Any = scope.get("hangar.principal")
        who = {"tenant_id": str(principal.tenant_id), "principal": principal.actor} if principal else {}
        log.info(
            "request",
            method=scope["method"],
            path=urlsplit(scope["path"]).path,
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            **who,
        )
