"""Bodies of `signals:ingest`: JSON at once, NDJSON line by line from the spooled file, gzip or not."""

import gzip
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from pydantic import ValidationError

from app.domains.observability.ingest.errors import Undecodable, UnsupportedMediaType
from app.domains.observability.ingest.schemas import BODY_LIMIT, SignalIngest, SignalItem
from app.kernel.api.body import check_json
from app.kernel.api.translate import validation_problem
from app.kernel.api.upload import Upload
from app.kernel.problem import BodyTooLarge, ValidationFailed

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
MOST_ERRORS = 100
_LONGEST_LINE = 256 * 1024
_MOST_INFLATED = 1024 * 1024 * 1024


class BadLine(NamedTuple):
    """A line that is no signal."""

    code: str
    detail: str


def items_of(body: Upload) -> list[SignalItem]:
    """The items of a JSON body. Raises `ValidationFailed` naming the bad ones, `BodyTooLarge`."""
    raw = body.read() if not body.encoding else _inflate(body)
    if len(raw) > BODY_LIMIT:
        raise BodyTooLarge(f"A JSON body may hold at most {BODY_LIMIT} bytes.", limit_bytes=BODY_LIMIT)
    check_json(raw, body.media_type or "application/json")
    try:
        return SignalIngest.model_validate_json(raw).items
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[:MOST_ERRORS]
        raise validation_problem([item | {"loc": ("body", *item["loc"])} for item in found]) from error


def lines_of(body: Upload) -> Iterator[SignalItem | BadLine]:
    """The lines of an NDJSON body, blank ones left out. Raises `Undecodable` and `BodyTooLarge` on the way."""
    body.file.seek(0)
    source = _source(body)
    inflated = 0
    try:
        while line := source.readline(_LONGEST_LINE + 1):
            inflated += len(line)
            if inflated > _MOST_INFLATED:
                raise BodyTooLarge(
                    f"A stream may hold at most {_MOST_INFLATED} bytes when unpacked.",
                    limit_bytes=_MOST_INFLATED,
                )
            if len(line) > _LONGEST_LINE:
                inflated += _skip_line(source, line)
                yield BadLine("line_too_long", f"A line may hold at most {_LONGEST_LINE} bytes.")
            elif not line.isspace():
                yield _item(line)
    except (OSError, EOFError, zlib.error) as error:
        raise Undecodable(f"The body is not gzip: {error}") from error


def _source(body: Upload) -> IO[bytes]:
    if body.encoding == "gzip":
        return gzip.GzipFile(fileobj=body.file, mode="rb")  # type: ignore[return-value]
    if body.encoding:
        raise UnsupportedMediaType(f"Content-Encoding {body.encoding!r}: only gzip is read here.")
    return body.file


def _inflate(body: Upload) -> bytes:
    body.file.seek(0)
    try:
        return _source(body).read(BODY_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Undecodable(f"The body is not gzip: {error}") from error


def _skip_line(source: IO[bytes], line: bytes) -> int:
    skipped = 0
    while line and not line.endswith(b"\n"):
        line = source.readline(_LONGEST_LINE)
        skipped += len(line)
        if skipped > _MOST_INFLATED:
            break
    return skipped


def _item(line: bytes) -> SignalItem | BadLine:
    try:
        check_json(line, "application/json")
        return SignalItem.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/".join(str(part) for part in first["loc"])
        return BadLine(first["type"], f"{where}: {first['msg']}" if where else first["msg"])
    except ValidationFailed as problem:
        return BadLine(problem.errors[0].code, problem.errors[0].detail)
