"""The two encodings of OTLP/HTTP: protobuf and protobuf's JSON, and the errors in `google.rpc.Status`.

Source: the OpenTelemetry protocol specification, section OTLP/HTTP.
"""

from typing import TypeVar

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import DecodeError, Message
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from app.domains.observability.ingest.errors import Undecodable, UnsupportedMediaType
from app.domains.observability.ingest.otlp.attributes import IdText, hex_id, json_id
from app.domains.observability.ingest.unpack import gunzipped
from app.kernel.api.render import problem_response
from app.kernel.api.upload import Upload
from app.kernel.problem import Problem

JSON, PROTOBUF = "application/json", "application/x-protobuf"
M = TypeVar("M", bound=Message)
# google.rpc.Code by HTTP status.
_CODES = {400: 3, 401: 16, 403: 7, 409: 10, 413: 8, 415: 3, 422: 3, 429: 8, 503: 14}
_INTERNAL = 13


def read(body: Upload, message: M) -> tuple[M, bytes]:
    """The request and its unpacked bytes. Raises `Undecodable`, `UnsupportedMediaType`, `BodyTooLarge`."""
    if body.media_type not in {JSON, PROTOBUF}:
        raise UnsupportedMediaType(f"Send {PROTOBUF} or {JSON}.")
    raw = gunzipped(body)
    try:
        if body.media_type == JSON:
            Parse(raw, message, ignore_unknown_fields=True)
        else:
            message.ParseFromString(raw)
    except (DecodeError, ParseError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"The body is not an OTLP request: {error}") from error
    return message, raw


def id_text(body: Upload) -> IdText:
    """How trace and span ids become text in this encoding."""
    return json_id if body.media_type == JSON else hex_id


def answer(body: Upload, message: Message) -> Response:
    """A success in the encoding of the request."""
    if body.media_type == JSON:
        return Response(MessageToJson(message, indent=None), media_type=JSON)
    return Response(message.SerializeToString(), media_type=PROTOBUF)


def on_problem(request: Request, problem: Problem) -> Response:
    """The problem as `google.rpc.Status` in the encoding of the request, its HTTP status and headers kept.

    A request in neither encoding is none of the protocol's, and gets the problem itself.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in {JSON, PROTOBUF}:
        return problem_response(request, problem)
    code = _CODES.get(problem.status, _INTERNAL)
    if media == JSON:
        content = to_json({"code": code, "message": problem.detail})
    else:
        message = problem.detail.encode()[:1000]
        content = b"\x08" + bytes([code]) + b"\x12" + _size(len(message)) + message
    return Response(content, status_code=problem.status, headers=problem.headers, media_type=media)


def _size(length: int) -> bytes:
    return bytes([length]) if length < 0x80 else bytes([length & 0x7F | 0x80, length >> 7])
