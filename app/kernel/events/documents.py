"""The event catalogue as JSON schema: for `webhooks:` in the OpenAPI document and for the catalogue route."""

import re
from typing import Any

from app.kernel.events.envelope import Envelope, Event, catalogue

_TEMPLATE = "#/components/schemas/{model}"


def payload_schema(event: type[Event]) -> dict[str, Any]:
    """The JSON schema of an event's payload, complete in itself (`$defs` inside)."""
    return event.model_json_schema(mode="serialization")


def description(event: type[Event]) -> str:
    """The event's docstring as one line."""
    return re.sub(r"\s+", " ", event.__doc__ or event.event_type).strip()


def webhook_documents(schemas: dict[str, Any]) -> dict[str, Any]:
    """The path items of every event type for `webhooks:`; adds what they refer to, to the components' `schemas`."""
    return {name: {"post": _delivery(event, schemas)} for name, event in catalogue().items()}


def _delivery(event: type[Event], schemas: dict[str, Any]) -> dict[str, Any]:
    title = f"{event.__name__}Event"
    schemas.setdefault(title, _envelope_schema(event, title, schemas))
    return {
        "operationId": f"on_{re.sub('[^a-z0-9]+', '_', event.event_type)}",
        "summary": event.event_type,
        "description": description(event),
        "tags": ["Events"],
        "x-permission": str(event.permission),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _TEMPLATE.format(model=title)}}},
        },
        "responses": {"2XX": {"description": "Received. Anything else is tried again later."}},
    }


def _envelope_schema(event: type[Event], title: str, schemas: dict[str, Any]) -> dict[str, Any]:
    whole = Envelope.model_json_schema(ref_template=_TEMPLATE, mode="serialization")
    payload = event.model_json_schema(ref_template=_TEMPLATE, mode="serialization")
    for schema in (whole, payload):
        for name, definition in schema.pop("$defs", {}).items():
            schemas.setdefault(name, definition)
    whole["title"] = title
    whole["description"] = description(event)
    whole["properties"]["type"] = {"type": "string", "const": event.event_type}
    whole["properties"]["payload"] = payload
    return whole
