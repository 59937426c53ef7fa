"""OTLP values as JSON, names as this product stores them."""

import math
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from pydantic_core import to_json

LONGEST_NAME = 120
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
IdText = Callable[[bytes], str | None]


def clean(text: str) -> str:
    """PostgreSQL's text and jsonb hold no NUL."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def number(value: float) -> float | str:
    """JSON has no NaN and no infinities: they are written as words."""
    return value if math.isfinite(value) else str(value)


def value_of(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return clean(value.string_value)
    if kind == "array_value":
        return [value_of(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return attributes_of(value.kvlist_value.values)
    if kind == "bytes_value":
        return b64encode(value.bytes_value).decode()
    if kind == "double_value":
        return number(value.double_value)
    return None if kind is None else getattr(value, kind)


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {clean(pair.key): value_of(pair.value) for pair in pairs}


def labels_of(attributes: dict[str, Any]) -> dict[str, str]:
    """Attributes as labels: text stays, everything else is its JSON."""
    return {
        key: value if isinstance(value, str) else to_json(value).decode() for key, value in attributes.items()
    }


def service_of(resource: Resource) -> tuple[str, dict[str, Any]]:
    """`service.name` (or the specification's word for none) and the other attributes."""
    attributes = attributes_of(resource.attributes)
    name = str(attributes.pop("service.name", "") or "unknown_service").strip()
    return name[:LONGEST_NAME] or "unknown_service", attributes


def at_of(nanoseconds: int) -> datetime | None:
    """None for 0, which is OTLP's "unknown". What lies beyond the calendar is its last instant."""
    if not nanoseconds:
        return None
    try:
        return _EPOCH + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return _LAST


def hex_id(raw: bytes) -> str | None:
    """A trace or span id from protobuf."""
    return raw.hex() if raw else None


def json_id(raw: bytes) -> str | None:
    """One from OTLP/JSON, which writes hexadecimal where protobuf's JSON reads base64: read it back."""
    return b64encode(raw).decode().lower()[:128] if raw else None
