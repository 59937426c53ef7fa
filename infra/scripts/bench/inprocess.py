"""Calling the app in this process, as an ASGI server does, without sockets or HTTP parsing."""

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI
from starlette.types import ASGIApp

from bench.workloads import FRESH, MADE, Request, Target, Workload

CONCURRENCY = 12
_FRESH = itertools.count(int(time.time() * 1000) % 10**9 * 1000)


class RefusedError(RuntimeError):
    """The app answered a request of the benchmark with anything but a success."""


@asynccontextmanager
async def started(app: FastAPI) -> AsyncIterator[FastAPI]:
    """The app between its start-up and its shutdown."""
    async with app.router.lifespan_context(app):
        yield app


def fresh() -> str:
    return f"{next(_FRESH):012d}"


async def call(app: ASGIApp, request: Request, token: str) -> bytes:
    """The body of one answer. Raises `RefusedError`."""
    path, _, query = request.path.partition("?")
    body = request.body.encode()
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    status = 0
    chunks: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    answer = b"".join(chunks)
    if not 200 <= status < 300:
        raise RefusedError(f"{request.method} {request.path}: {status} {answer[:300]!r}")
    return answer


async def operate(app: ASGIApp, workload: Workload, target: Target) -> None:
    """One operation: every step of the workload, in order."""
    made = ""
    number = fresh()
    for step in workload.steps(target):
        sent = Request(step.method, step.path.replace(MADE, made), step.body.replace(FRESH, number))
        answer = await call(app, sent, target.token)
        if not made and workload.writes:
            made = str(json.loads(answer)["id"])


@dataclass(frozen=True)
class Cost:
    """CPU of this process for one operation in µs, over rounds."""

    least: float
    median: float


async def cpu(
    contenders: Sequence[tuple[str, ASGIApp, Workload]], targets: Sequence[Target], *, rounds: int, each: int
) -> dict[str, Cost]:
    """CPU of each contender's operation, all threads of the process; the contenders' rounds are interleaved."""
    found: dict[str, list[float]] = {name: [] for name, _, _ in contenders}
    for _ in range(rounds + 1):  # the first round warms up
        for name, app, workload in contenders:
            found[name].append(await _round(app, workload, targets, each))
    return {name: Cost(min(seen[1:]), statistics.median(seen[1:])) for name, seen in found.items()}


async def _round(app: ASGIApp, workload: Workload, targets: Sequence[Target], each: int) -> float:
    numbers = iter(range(each))

    async def client() -> None:
        for number in numbers:
            await operate(app, workload, targets[number % len(targets)])

    began = time.process_time()
    await asyncio.gather(*(client() for _ in range(CONCURRENCY)))
    return (time.process_time() - began) / each * 1e6
