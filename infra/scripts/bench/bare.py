"""The same statements behind the least there can be: a Starlette handler, psycopg and its pool, nothing else.

No authentication beyond the SQL, no validation, no models, no events but those in the recorded statements. One
process, as many threads and connections as the product's server has.

    python -m bench.bare TRACES      serves on the port it prints

`GET|POST /<workload>/<target>/<step>[/<made>]` runs that step of that target's trace and answers the rows of its last
query as JSON.
"""

import hashlib
import json
import pickle
import re
import secrets
import socket
import sys
from pathlib import Path
from queue import LifoQueue
from typing import Any
from uuid import UUID

import anyio.to_thread
import psycopg
import uvicorn
from psycopg.rows import dict_row
from pydantic_core import from_json, to_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.trace import Trace

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Replay:
    """Runs recorded steps on pooled connections."""

    def __init__(self, url: str, traces: dict[str, list[Trace]], size: int) -> None:
        self._traces = traces
        self._pool: LifoQueue[psycopg.Connection[Any]] = LifoQueue()
        for _ in range(size):
            self._pool.put(psycopg.connect(url, row_factory=dict_row))

    def run(self, workload: str, target: int, step: int, made: str) -> bytes:
        trace = self._traces[workload][target]
        fresh = made or (str(UUID(bytes=secrets.token_bytes(16))) if trace.fresh else "")
        swaps = _swaps(trace, fresh) if fresh else {}
        conn = self._pool.get(timeout=2)
        rows: list[Any] = []
        try:
            with conn.transaction(), conn.cursor() as cursor:
                for statement in trace.steps[step]:
                    params = (
                        {k: _swapped(v, swaps) for k, v in statement.params.items()}
                        if swaps
                        else statement.params
                    )
                    cursor.execute(statement.sql, params)
                    if cursor.description and statement.sql.startswith("SELECT"):
                        rows = cursor.fetchall()
        finally:
            self._pool.put(conn)
        return to_json({"id": fresh, "rows": rows} if fresh else rows)


def _swaps(trace: Trace, fresh: str) -> dict[str, str]:
    """Per text that must be another in every operation, the text for the operation called `fresh`."""
    made = {
        old: str(UUID(hashlib.md5(f"{fresh}{n}".encode(), usedforsecurity=False).hexdigest()))
        for n, old in enumerate(trace.fresh)
    }
    return made | {trace.number: f"{UUID(fresh).int % 10**12:012d}"}


def _swapped(value: Any, swaps: dict[str, str]) -> Any:
    if isinstance(value, UUID):
        return UUID(swaps.get(str(value), str(value)))
    if isinstance(value, str):
        for old, new in swaps.items():
            value = value.replace(old, new)
    return value


def application(replay: Replay, threads: int) -> Starlette:
    limiter = anyio.CapacityLimiter(threads)

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            from_json(await request.body())
        path = request.path_params
        body = await anyio.to_thread.run_sync(
            replay.run, path["workload"], path["target"], path["step"], path.get("made", ""), limiter=limiter
        )
        return Response(body, media_type="application/json")

    place = "/{workload}/{target:int}/{step:int}"
    return Starlette(
        routes=[Route(path, answer, methods=["GET", "POST"]) for path in (place, place + "/{made}")]
    )


def main() -> None:
    given = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 written by our own parent process
    app = application(Replay(given["url"], given["traces"], given["size"]), given["size"] + 1)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    config = uvicorn.Config(app, loop="uvloop", http="httptools", log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
