"""Reading `prometheus.WriteRequest` (remote write 1.0) by hand: no object per label, none per sample.

    WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
    TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; exemplars = 3; histograms = 4; }
    Label        { string name = 1; string value = 2; }
    Sample       { double value = 1; int64 timestamp = 2; }     milliseconds since 1970

The source is Prometheus' "Remote-Write 1.0 specification" and the protobuf encoding guide. The bytes of a series'
labels are handed on as they are: they are what a process remembers a series by.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

STALE = 0x7FF0000000000002  # the one NaN that says "this series ended"
_DOUBLE = struct.Struct("<d")
_BITS = struct.Struct("<Q")


class MalformedError(ValueError):
    """The bytes are no message of this shape."""


class Written(NamedTuple):
    """One series of a request. `samples` are (milliseconds, value); stale markers are left out.

    `histograms` counts native histograms, which are not stored.
    """

    labels: bytes
    samples: list[tuple[int, float]]
    histograms: int


def read_request(raw: bytes) -> Iterator[Written]:
    """The series of a request; metadata is skipped. Raises `MalformedError`."""
    for field, start, end in _fields(raw, 0, len(raw)):
        if field == 1:
            yield _series(raw, start, end)


def read_labels(raw: bytes) -> dict[str, str]:
    """Names and values from the bytes of `Written.labels`. Raises `MalformedError`."""
    found = {}
    for field, start, end in _fields(raw, 0, len(raw)):
        if field == 1:
            pair = {1: "", 2: ""}
            for part, begin, stop in _fields(raw, start, end):
                if part in pair:
                    pair[part] = _text(raw, begin, stop)
            found[pair[1]] = pair[2]
    return found


def _series(raw: bytes, start: int, end: int) -> Written:
    labels: list[bytes] = []
    samples: list[tuple[int, float]] = []
    histograms = 0
    position = start
    while position < end and raw[position] == 0x0A:
        size, after = _varint(raw, position + 1, end)
        position = after + size
    if position > end:
        raise MalformedError("a label ends outside its series")
    labels.append(raw[start:position])
    for field, begin, stop in _fields(raw, position, end):
        if field == 2:
            sample = _sample(raw, begin, stop)
            if sample is not None:
                samples.append(sample)
        elif field == 4:
            histograms += 1
        elif field == 1:
            labels.append(b"\x0a" + _sized(stop - begin) + raw[begin:stop])
    return Written(b"".join(labels), samples, histograms)


def _sample(raw: bytes, position: int, end: int) -> tuple[int, float] | None:
    """A sample, None for a stale marker. The usual order, value then time, is read without a loop."""
    value, at = 0.0, 0
    while position < end:
        tag = raw[position]
        if tag == 0x09:
            if position + 9 > end:
                raise MalformedError("a value is cut short")
            (value,) = _DOUBLE.unpack_from(raw, position + 1)
            if value != value and _BITS.unpack_from(raw, position + 1)[0] == STALE:  # noqa: PLR0124 NaN
                return None
            position += 9
        elif tag == 0x10:
            at, position = _varint(raw, position + 1, end)
        else:
            raise MalformedError("a sample has a field that it should not")
    return (at - (1 << 64) if at >= 1 << 63 else at), value


def _fields(raw: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of each length-delimited field; fields of other kinds are skipped."""
    while position < end:
        tag, position = _varint(raw, position, end)
        kind = tag & 7
        if kind == 2:
            size, position = _varint(raw, position, end)
            if position + size > end:
                raise MalformedError("a field is cut short")
            yield tag >> 3, position, position + size
            position += size
        elif kind == 0:
            _, position = _varint(raw, position, end)
        elif kind in {1, 5}:
            position += 8 if kind == 1 else 4
        else:
            raise MalformedError(f"wire type {kind}")
    if position != end:
        raise MalformedError("a field is cut short")


def _varint(raw: bytes, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while position < end:
        byte = raw[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            break
    raise MalformedError("a number is cut short or too long")


def _sized(size: int) -> bytes:
    out = bytearray()
    while size >= 0x80:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out)


def _text(raw: bytes, start: int, end: int) -> str:
    try:
        return raw[start:end].decode()
    except UnicodeDecodeError as error:
        raise MalformedError("a label is not UTF-8") from error
