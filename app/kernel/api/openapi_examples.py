"""One example value for any JSON schema of the document: the author's own where there is one, else a made one.

Made values depend on the schema alone, so the document is the same from run to run. A nullable field without an
example of its own is null in an answer; a request shows what is required and what has an example.
"""

import zlib
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_PAST, _START, _END = "2026-02-24T09:30:00Z", "2030-02-25T09:30:00Z", "2030-02-25T15:30:00Z"
_END_FIELDS = ("ends_", "until", "expire", "expected_end", "next_", "previous_valid")
_DEPTH = 8


def example_of(schema: Schema, schemas: Schema, *, request: bool, name: str = "", depth: int = 0) -> Any:
    """A value that `schema` accepts. `schemas` are the components that a `$ref` may name."""
    if depth > _DEPTH:
        raise ValueError(f"{name}: the schema refers to itself; give it `examples`")
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]] | {k: v for k, v in schema.items() if k != "$ref"}
    for found in _given(schema):
        return found
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        if not request and any(choice.get("type") == "null" for choice in choices):
            return None
        first = next(choice for choice in choices if choice.get("type") != "null")
        return example_of(first, schemas, request=request, name=name, depth=depth + 1)
    if schema.get("type") == "object":
        return _object(schema, schemas, request=request, depth=depth)
    if schema.get("type") == "array":
        return _array(schema, schemas, request=request, name=name, depth=depth)
    return _scalar(schema, name)


def _array(schema: Schema, schemas: Schema, *, request: bool, name: str, depth: int) -> list[Any]:
    items = schema.get("items", {})
    plain = "$ref" not in items and not _given(items)
    if plain and not request and not schema.get("minItems"):
        return []
    return [example_of(items, schemas, request=request, name=name, depth=depth + 1)]


def _given(schema: Schema) -> list[Any]:
    """What the author wrote, at most one. `default` counts unless it is null or empty."""
    if schema.get("examples"):
        return [schema["examples"][0]]
    if "const" in schema:
        return [schema["const"]]
    if schema.get("default"):
        return [schema["default"]]
    if schema.get("enum"):
        return [schema["enum"][0]]
    return []


def _object(schema: Schema, schemas: Schema, *, request: bool, depth: int) -> dict[str, Any]:
    properties: dict[str, Any] = schema.get("properties", {})
    shown = list(properties)
    if request:
        required = schema.get("required", ())
        shown = [key for key in properties if key in required or _has_own(properties[key])] or shown[:1]
    return {
        key: example_of(properties[key], schemas, request=request, name=key, depth=depth + 1) for key in shown
    }


def _has_own(schema: Schema) -> bool:
    return bool(schema.get("examples")) or any(_has_own(choice) for choice in schema.get("anyOf", ()))


def _scalar(schema: Schema, name: str) -> Any:
    kind = schema.get("type")
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    if kind == "number":
        return max(1.5, schema.get("minimum", 1.5))
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    if kind is None:
        return {}
    return _text(schema, name)


def _text(schema: Schema, name: str) -> str:
    form = schema.get("format")
    if form == "uuid":
        return _identity(name)
    if form == "date-time":
        return _END if name.startswith(_END_FIELDS) else _START if name.startswith("starts_") else _PAST
    if form == "password":
        return "correct horse battery staple"
    if name.endswith("_by") or name == "actor_id":
        return f"user:{_identity(name)}"
    if name.endswith("_id"):
        return _identity(name)
    if "pattern" in schema:
        raise ValueError(f"{name}: a text with a pattern needs `examples`")
    return name.replace("_", " ").rjust(schema.get("minLength", 0), ".") or "text"


def _identity(name: str) -> str:
    """A UUIDv7 of its own for every field name."""
    return f"0192a1b2-0000-7000-8000-{zlib.crc32(name.encode()):012x}"
