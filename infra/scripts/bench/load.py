"""The load generator: keep-alive connections on 127.0.0.1, each sending its next request when the last is answered.

It runs as a process of its own, so its CPU is not the server's, and says how much it took:

    python -m bench.load PLAN.json RESULT.json

The plan holds `port`, `seconds`, `most` (operations at most) and `connections`: for each a list of operations, an
operation being a list of requests as text. `############` in a request becomes a number never sent before, `{made}`
the id that the operation's first answer named.
"""

import asyncio
import itertools
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

_FRESH = itertools.count(time.time_ns() // 1000 % 10**9 * 1000)


class FailedError(RuntimeError):
    """An answer that is no success."""


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, request: bytes) -> bytes:
        """The body of the answer. Raises `FailedError` for anything but a 2xx."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        body = await self._reader.readexactly(int(length or 0))
        if head[9:10] != b"2":
            raise FailedError(f"{request[:200]!r}: {head[:40]!r} {body[:300]!r}")
        return body

    def close(self) -> None:
        self._writer.close()


async def _operate(connection: Connection, operation: list[bytes]) -> None:
    made = b""
    for template in operation:
        request = template
        if b"############" in request:
            request = request.replace(b"############", b"%012d" % next(_FRESH))
        if b"{made}" in request:
            request = request.replace(b"{made}", made)
        body = await connection.send(request)
        if not made and len(operation) > 1:
            made = str(json.loads(body)["id"]).encode()


async def _client(
    port: int, operations: list[list[bytes]], until: float, left: Any, taken: list[float]
) -> None:
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port, limit=2**22))
    for operation in itertools.cycle(operations):
        began = time.perf_counter()
        if began >= until or next(left, None) is None:
            break
        await _operate(connection, operation)
        taken.append(time.perf_counter() - began)
    connection.close()


async def _drive(plan: dict[str, Any]) -> dict[str, Any]:
    connections = [
        [[request.encode() for request in operation] for operation in operations]
        for operations in plan["connections"]
    ]
    taken: list[float] = []
    left = iter(range(plan["most"]))
    began = time.perf_counter()
    until = began + plan["seconds"]
    await asyncio.gather(*(_client(plan["port"], each, until, left, taken) for each in connections))
    return {"seconds": time.perf_counter() - began, "taken": taken}


def main() -> None:
    plan, result = (Path(argument) for argument in sys.argv[1:])
    found = uvloop.run(_drive(json.loads(plan.read_text())))
    used = resource.getrusage(resource.RUSAGE_SELF)
    found["cpu_seconds"] = used.ru_utime + used.ru_stime
    result.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
