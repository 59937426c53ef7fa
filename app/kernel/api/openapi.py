"""The OpenAPI 3.1 document: FastAPI's, plus what every route of ours can answer and take.

Each `Problem` class is a schema of its own with a constant `code`, so generated clients get typed errors.
"""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.kernel.api.routing import Route
from app.kernel.problem import (
    MEDIA_TYPE,
    BadRequest,
    BodyTooLarge,
    FieldError,
    IdempotencyAnswerNotKept,
    IdempotencyInFlight,
    IdempotencyMismatch,
    InternalError,
    PermissionDenied,
    PreconditionFailed,
    Problem,
    RateLimited,
    ServiceUnavailable,
    Unauthenticated,
    UnknownParameter,
    ValidationFailed,
)

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


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once per app."""
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
    made["servers"] = [{"url": "/"}]
    made["info"]["license"] = {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"}
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["FieldError"] = FieldError.model_json_schema(ref_template="#/components/schemas/{model}")
    made["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token or an API key."}
    }
    for route in app.routes:
        if isinstance(route, Route) and route.include_in_schema:
            _complete(made["paths"][route.path_format][route.spec.method.lower()], route, schemas)
    made["webhooks"] = app.state.openapi_webhooks(schemas)
    app.openapi_schema = made
    return made


_DESCRIPTION = """\
Errors are problem details (RFC 9457) with a stable `code`. Lists are arrays with keyset pages: follow
`Link: <…>; rel="next"`. Times are UTC, RFC 3339. Every path also answers below `/api/v1/`.
"""


def problems_of(route: Route) -> list[type[Problem]]:
    """Every problem class the route may answer, from its declaration and from what the kernel does around it."""
    plan, spec = route.plan, route.spec
    found: list[type[Problem]] = [*spec.errors, UnknownParameter, BadRequest, InternalError, ServiceUnavailable]
    if spec.access != "public":
        found.append(Unauthenticated)
    if spec.access not in {"public", "self_service"}:
        found.append(PermissionDenied)
    if plan.has_body:
        found += [BodyTooLarge]
    if spec.limited:
        found.append(RateLimited)
    if plan.has_body or plan.known_query or plan.dependant.path_params or plan.dependant.header_params:
        found.append(ValidationFailed)
    if plan.idempotent:
        found += [IdempotencyInFlight, IdempotencyMismatch]
        if spec.secret:
            found.append(IdempotencyAnswerNotKept)
    if _takes_if_match(route):
        found.append(PreconditionFailed)
    return list(dict.fromkeys(found))


def _takes_if_match(route: Route) -> bool:
    method = route.spec.method
    return method in {"PUT", "PATCH", "DELETE"} or (method == "POST" and "{" in route.spec.path)


def _complete(operation: dict[str, Any], route: Route, schemas: dict[str, Any]) -> None:
    parameters = operation.setdefault("parameters", [])
    if route.plan.idempotent:
        parameters.append(_IDEMPOTENCY)
    if _takes_if_match(route) and route.spec.access != "public":
        parameters.append(_IF_MATCH)
    if not parameters:
        del operation["parameters"]
    operation["security"] = [] if route.spec.access == "public" else [{"bearer": []}]
    if route.spec.access not in {"public", "self_service"}:
        operation["x-permission"] = str(route.spec.access)
    responses = operation["responses"]
    responses.pop("422", None) if "422" not in route.spec.responses else None
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in problems_of(route):
        by_status.setdefault(problem.status, []).append(problem)
    for status, classes in sorted(by_status.items()):
        responses.setdefault(str(status), _problem_response(classes, schemas))
    success = responses.get(str(route.plan.status), {})
    if names := _headers_of(route):
        success["headers"] = {name: _HEADERS[name] for name in names}


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


def _problem_response(classes: list[type[Problem]], schemas: dict[str, Any]) -> dict[str, Any]:
    refs = []
    for problem in classes:
        name = schema_name(problem)
        schemas.setdefault(name, problem_schema(problem, schemas))
        refs.append({"$ref": f"#/components/schemas/{name}"})
    schema: dict[str, Any] = refs[0] if len(refs) == 1 else {"anyOf": refs}
    titles = " or ".join(dict.fromkeys(problem.title.lower() for problem in classes))
    return {"description": titles[:1].upper() + titles[1:], "content": {MEDIA_TYPE: {"schema": schema}}}


def schema_name(problem: type[Problem]) -> str:
    """`AssetRetired` is `AssetRetiredProblem` in the document: an event may have the same name."""
    return f"{problem.__name__}Problem"


def problem_schema(problem: type[Problem], schemas: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of one problem class; `extra` adds its own members."""
    properties: dict[str, Any] = {
        "type": {"type": "string", "examples": [f"/docs/errors#{problem.code}"]},
        "title": {"type": "string", "examples": [problem.title]},
        "status": {"type": "integer", "const": problem.status},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": [problem.code]},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    }
    if "code" in vars(problem) or problem.__subclasses__() == []:
        properties["code"] = {"type": "string", "const": problem.code}
    if problem.extra is not None:
        own = problem.extra.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, schema in own.pop("$defs", {}).items():
            schemas.setdefault(name, schema)
        properties |= own["properties"]
    return {
        "title": schema_name(problem),
        "description": re.sub(r"\s+", " ", problem.__doc__ or problem.title),
        "type": "object",
        "properties": properties,
        "required": ["type", "title", "status", "detail", "code", "instance", "request_id"],
    }
