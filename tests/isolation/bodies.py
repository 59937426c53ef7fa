"""The smallest body that a route accepts, from its schema, with every id field naming something real."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tests.isolation.factories import BODIES, kind_of, make
from tests.policy.surface import Surface
from tests.support.tenants import PASSWORD, Tenant

Schema = dict[str, Any]


def id_fields(model: type[BaseModel]) -> list[str]:
    """The fields of a body that hold ids."""
    schema = model.model_json_schema()
    return [name for name, field in schema.get("properties", {}).items() if _is_id(field) or _is_ids(field)]


def sample(route: Surface, tenant: Tenant) -> dict[str, Any] | None:
    """A body for this route in this tenant; None when it takes none."""
    model = route.body
    if model is None:
        return None
    if route.operation in BODIES:
        return BODIES[route.operation](tenant)
    schema = model.model_json_schema()
    wanted = {*schema.get("required", []), *id_fields(model)}
    return {
        name: _field(name, field, schema.get("$defs", {}), tenant)
        for name, field in schema.get("properties", {}).items()
        if name in wanted
    }


def _field(name: str, field: Schema, defs: Schema, tenant: Tenant) -> Any:
    if _is_id(field):
        return make(kind_of(name), tenant)
    if _is_ids(field):
        return [make(kind_of(name), tenant)]
    if field.get("format") == "password":
        return PASSWORD
    return _value(name, field, defs)


def _value(name: str, field: Schema, defs: Schema) -> Any:
    if field.get("examples"):
        return field["examples"][0]
    if "$ref" in field:
        return _value(name, defs[field["$ref"].rpartition("/")[2]], defs)
    for choice in field.get("anyOf", []):
        if choice.get("type") != "null":
            return _value(name, choice, defs)
    if "const" in field:
        return field["const"]
    if "enum" in field:
        return field["enum"][0]
    made = _PLAIN.get(str(field.get("type")))
    assert made is not None, f"say in BODIES of tests/<module>/resources.py what {name} may be: {field}"
    return made(field)


def _text(field: Schema) -> str:
    if field.get("format") == "date-time":
        return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    return "x" * max(1, int(field.get("minLength", 1)))


_PLAIN: dict[str, Any] = {
    "string": _text,
    "integer": lambda field: field.get("minimum", 1),
    "number": lambda field: field.get("minimum", 1),
    "boolean": lambda _: True,
    "object": lambda _: {},
    "array": lambda _: [],
}


def _is_id(field: Schema) -> bool:
    return any(choice.get("format") == "uuid" for choice in [field, *field.get("anyOf", [])])


def _is_ids(field: Schema) -> bool:
    return any(
        choice.get("type") == "array" and choice.get("items", {}).get("format") == "uuid"
        for choice in [field, *field.get("anyOf", [])]
    )
