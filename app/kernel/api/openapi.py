"""The OpenAPI 3.1 document: FastAPI's, plus what every route of ours can answer and take, with examples.

Each `Problem` class is a schema of its own with a constant `code`, so generated clients get typed errors.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.kernel.api.openapi_examples import example_of
from app.kernel.api.openapi_problems import own_name, problem_response, problems_of, takes_if_match
from app.kernel.api.routing import Route
from app.kernel.problem import FieldError, Problem

_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The resource's version, for `If-Match`.", "schema": {"type": "string"}},
    "Link": {"description": '`rel="next"` names the next page (RFC 8288).', "schema": {"type": "string"}},
    "Location": {"description": "Where the new resource is.", "schema": {"type": "string"}},
    "X-Total-Count": {"description": "With `count=true`.", "schema": {"type": "integer"}},
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a request safely: the same key answers what the first one did, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` that the change is based on; 412 when it is no longer current.",
    "schema": {"type": "string"},
}
_DESCRIPTION = """\
Errors are problem details (RFC 9457) with a stable `code`. Lists are arrays with keyset pages: follow
`Link: <…>; rel="next"`. Times are UTC, RFC 3339. Every path also answers below `/api/v1/`.
"""


_BYTES: dict[str, Any] = {"type": "string", "format": "binary"}
_ANY_OBJECT: dict[str, Any] = {"type": "object"}


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once per app. Raises `ValueError` for a schema that no example can be made of."""
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=_DESCRIPTION,
        routes=app.routes,
        tags=[{"name": tag, "description": text} for tag, text in app.state.openapi_tags.items()],
        separate_input_output_schemas=False,
    )
    made["servers"] = [{"url": "/", "description": "The server that this document came from."}]
    made["info"]["license"] = {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"}
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["FieldError"] = FieldError.model_json_schema(ref_template="#/components/schemas/{model}")
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token or an API key."},
        "basic": {"type": "http", "scheme": "basic", "description": "The password is an API key."},
    }
    for route in app.routes:
        if isinstance(route, Route) and route.include_in_schema:
            _complete(made["paths"][route.path_format][route.spec.method.lower()], route, components)
    made["webhooks"] = app.state.openapi_webhooks(schemas)
    for item in made["webhooks"].values():
        # Signed, not authorised: the receiver checks `webhook-signature` (Standard Webhooks).
        item["post"]["security"] = []
        _exemplify(item["post"]["requestBody"]["content"], schemas, request=False)
    for kind in ("schemas", "responses", "examples"):
        components[kind] = dict(sorted(components[kind].items()))
    app.openapi_schema = made
    return made


def _complete(operation: dict[str, Any], route: Route, components: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    if route.plan.idempotent:
        parameters.append(_IDEMPOTENCY)
    if takes_if_match(route):
        parameters.append(_IF_MATCH)
    if not parameters:
        del operation["parameters"]
    operation["security"] = [] if route.spec.access == "public" else [{"bearer": []}]
    if route.spec.basic:
        operation["security"].append({"basic": []})
    if route.spec.access not in {"public", "self_service"}:
        operation["x-permission"] = str(route.spec.access)
    if route.spec.consumes:
        operation["requestBody"] = _upload(route, components["schemas"])
    if "requestBody" in operation:
        _exemplify(operation["requestBody"]["content"], components["schemas"], request=True)
    _respond(operation["responses"], route, components)


def _upload(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    """The body of a route that reads it itself: by media type, with its schema where it is JSON."""
    content: dict[str, Any] = {}
    for media, model in route.spec.consumes.items():
        if model is None:
            content[media] = {"schema": _ANY_OBJECT if media.endswith("json") else _BYTES}
            continue
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, part in schema.pop("$defs", {}).items():
            own_name(schemas, name, part)
        own_name(schemas, model.__name__, schema)
        content[media] = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    return {"required": True, "content": content}


def _respond(responses: dict[str, Any], route: Route, components: dict[str, Any]) -> None:
    if "422" not in route.spec.responses:
        responses.pop("422", None)
    for response in responses.values():
        _exemplify(response.get("content", {}), components["schemas"], request=False)
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in problems_of(route):
        by_status.setdefault(problem.status, []).append(problem)
    for status, classes in sorted(by_status.items()):
        described = problem_response(classes, components)
        if route.spec.on_problem is not None:
            responses[str(status)] = _told_otherwise(route, components, described)
        elif str(status) not in responses:
            responses[str(status)] = described
        else:
            name = described["$ref"].rsplit("/", 1)[-1]
            responses[str(status)]["content"] |= components["responses"][name]["content"]
    success = responses.get(str(route.plan.status), {})
    if names := _headers_of(route):
        success["headers"] = {name: _HEADERS[name] for name in names}


def _told_otherwise(route: Route, components: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """A problem of a protocol with error bodies of its own: in the media types it takes, or as everywhere."""
    named = str(described.get("$ref", "")).rsplit("/", 1)[-1]
    problem: dict[str, Any] = components["responses"][named] if named else described
    own = {
        media: {"schema": _ANY_OBJECT if media.endswith("json") else _BYTES} for media in route.spec.consumes
    }
    _exemplify(own, components["schemas"], request=False)
    return {**problem, "content": problem["content"] | own}


def _exemplify(content: dict[str, Any], schemas: dict[str, Any], *, request: bool) -> None:
    """Give every JSON body without one an example."""
    for media, described in content.items():
        if media.endswith("json") and not {"example", "examples"} & set(described):
            described["example"] = example_of(described["schema"], schemas, request=request)


def _headers_of(route: Route) -> list[str]:
    schema = route.response_model
    names = []
    if getattr(schema, "model_fields", {}).get("version") is not None:
        names.append("ETag")
    if getattr(schema, "__origin__", None) is list and "cursor" in route.plan.known_query:
        names += ["Link", "X-Total-Count"]
    if route.plan.status == 201 and route.plan.collection:
        names.append("Location")
    return names
