"""Reading a JSON body: bounded, strict, and never handing on what the database can't store."""

import re
from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from app.kernel.problem import BadRequest, BodyTooLarge, FieldError, ValidationFailed

_DRAIN_LIMIT = 64 * 1024 * 1024
# NUL and lone surrogates can't be stored as text; an exponent of three digits may overflow to infinity.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89abAB])|\\u[dD][c-fC-F]|\d[eE]\+?\d{3}|\x00|[1-9]\d{300}")


async def read_body(request: Request, limit: int) -> bytes:
    """The body's bytes. Raises `BodyTooLarge` after draining, so that the client can read the answer."""
    declared = request.headers.get("content-length", "")
    total = 0
    chunks: list[bytes] = []
    too_large = declared.isdigit() and int(declared) > limit
    try:
        async for chunk in request.stream():
            total += len(chunk)
            too_large = too_large or total > limit
            if too_large:
                chunks.clear()
                if total > _DRAIN_LIMIT:
                    break
            else:
                chunks.append(chunk)
    except ClientDisconnect as error:
        raise BadRequest("The client went away while sending the body.") from error
    if too_large:
        raise BodyTooLarge(f"The body may hold at most {limit} bytes.", limit_bytes=limit)
    return b"".join(chunks)


# The same doubts as plain searches, which cost a tenth: escapes, words that are no numbers, long exponents.
_WORDS = (b"\\u", b"\x00", b"NaN", b"Infinity")
_EXPONENTS = (re.compile(rb"e\+?\d\d\d"), re.compile(rb"E\+?\d\d\d"))


def parse_json(raw: bytes, content_type: str) -> Any:
    """The parsed body. Raises `ValidationFailed` for what is not JSON or can't be stored."""
    _check_media(content_type)
    try:
        parsed = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise _rejected("#", "json_invalid", f"The body is not valid JSON: {error}") from error
    if _SUSPECT.search(raw):
        _refuse_unstorable(parsed, "#")
    return parsed


def check_json(raw: bytes, content_type: str) -> None:
    """Raise what `parse_json` would, for a body that a model parses itself, except plain syntax errors.

    Only a body with something suspect in it is parsed here. Whole numbers of more than 300 digits are let through.
    """
    _check_media(content_type)
    if any(word in raw for word in _WORDS) or any(exponent.search(raw) for exponent in _EXPONENTS):
        parse_json(raw, content_type)


def _check_media(content_type: str) -> None:
    media = content_type.partition(";")[0].strip().lower()
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise _rejected("#", "content_type", "The body must be JSON, sent as application/json.")


def _rejected(pointer: str, code: str, detail: str) -> ValidationFailed:
    return ValidationFailed(detail, errors=[FieldError(pointer=pointer, code=code, detail=detail)])


def _refuse_unstorable(value: Any, pointer: str) -> None:
    if isinstance(value, str):
        if unstorable(value):
            raise _rejected(pointer, "string_characters", "Text may not hold NUL or lone surrogates.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_unstorable(key, pointer)
            _refuse_unstorable(item, f"{pointer}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_unstorable(item, f"{pointer}/{index}")
    elif (isinstance(value, float) and value in (float("inf"), float("-inf"))) or (
        isinstance(value, int) and abs(value) >= 10**300
    ):
        raise _rejected(pointer, "finite_number", "The number is out of range.")


def unstorable(text: str) -> bool:
    """Whether PostgreSQL would refuse this text: NUL, or not encodable as UTF-8."""
    return "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text)
