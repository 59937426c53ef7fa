"""Tables as answers: JSON by default, streamed as NDJSON or CSV (RFC 4180) when `Accept` asks for it.

The rows are computed before the transaction ends; only their writing is streamed.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from pydantic_core import to_json
from starlette.responses import Response, StreamingResponse

T = TypeVar("T")
NDJSON, CSV = "application/x-ndjson", "text/csv"
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {"schema": {"type": "string"}}, CSV: {"schema": {"type": "string"}}}}
}
_CHUNK = 2000


class Rows(Generic[T]):
    """Rows of the columns `names`, in the order of the fields of `T`; values as JSON writes them."""

    __slots__ = ("names", "rows")

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.names = tuple(names)
        self.rows = rows

    def response(self, accept: str, status: int) -> Response:
        if NDJSON in accept:
            return StreamingResponse(self._ndjson(), status, media_type=NDJSON)
        if CSV in accept:
            return StreamingResponse(self._csv(), status, media_type=f"{CSV}; charset=utf-8")
        body = to_json([dict(zip(self.names, row, strict=True)) for row in self.rows])
        return Response(body, status, media_type="application/json")

    def _chunks(self) -> Iterator[list[Sequence[Any]]]:
        rows = iter(self.rows)
        while chunk := list(islice(rows, _CHUNK)):
            yield chunk

    def _ndjson(self) -> Iterator[bytes]:
        for chunk in self._chunks():
            yield b"".join(to_json(dict(zip(self.names, row, strict=True))) + b"\n" for row in chunk)

    def _csv(self) -> Iterator[bytes]:
        yield _csv_lines([self.names])
        for chunk in self._chunks():
            yield _csv_lines(chunk)


def _csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
