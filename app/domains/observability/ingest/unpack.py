"""Bodies of the metric and telemetry protocols: unpacked with a bound, so that a bomb stays a number."""

import zlib

import cramjam

from app.domains.observability.ingest.errors import Undecodable, UnsupportedMediaType
from app.kernel.api.upload import Upload
from app.kernel.problem import BodyTooLarge

PACKED_LIMIT = 16 * 1024 * 1024
UNPACKED_LIMIT = 64 * 1024 * 1024


def gunzipped(body: Upload) -> bytes:
    """The body of an OTLP request. Raises `Undecodable`, `BodyTooLarge`, `UnsupportedMediaType`."""
    raw = body.read()
    if not body.encoding:
        return raw
    if body.encoding != "gzip":
        raise UnsupportedMediaType(f"Content-Encoding {body.encoding!r}: send gzip or none.")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(raw, UNPACKED_LIMIT + 1)
    except zlib.error as error:
        raise Undecodable(f"The body is not gzip: {error}") from error
    _check_size(len(unpacked))
    if not unpacker.eof:
        raise Undecodable("The gzip body ends too early.")
    return unpacked


def unsnapped(body: Upload) -> bytes:
    """The body of a remote write request: one snappy block, whose head says how long it is."""
    if body.encoding != "snappy":
        raise UnsupportedMediaType("Content-Encoding must be snappy.")
    raw = body.read()
    try:
        _check_size(cramjam.snappy.decompress_raw_len(raw))
        return bytes(cramjam.snappy.decompress_raw(raw))
    except cramjam.DecompressionError as error:
        raise Undecodable(f"The body is not a snappy block: {error}") from error


def _check_size(size: int) -> None:
    if size > UNPACKED_LIMIT:
        raise BodyTooLarge(
            f"A body may hold at most {UNPACKED_LIMIT} bytes when unpacked.", limit_bytes=UNPACKED_LIMIT
        )
