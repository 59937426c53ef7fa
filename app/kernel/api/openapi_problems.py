"""Problems in the OpenAPI document: which a route can answer, and the schema and example of each class."""

import re
from typing import Any

from app.kernel.api.openapi_examples import example_of
from app.kernel.api.routing import Route
from app.kernel.problem import (
    MEDIA_TYPE,
    BadCursor,
    BadRequest,
    BodyTooLarge,
    IdempotencyAnswerNotKept,
    IdempotencyInFlight,
    IdempotencyMismatch,
    InternalError,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    Problem,
    RateLimited,
    ServiceUnavailable,
    Unauthenticated,
    UnknownParameter,
    ValidationFailed,
)

_REF = "#/components/schemas/{model}"


def problems_of(route: Route) -> list[type[Problem]]:
    """Every problem class the route may answer, from its declaration and from what the kernel does around it."""
    plan, spec = route.plan, route.spec
    found: list[type[Problem]] = [*spec.errors, UnknownParameter, InternalError, ServiceUnavailable]
    if "cursor" in plan.known_query:
        found += [BadCursor, BadRequest]
    if plan.has_body or plan.idempotent:
        found.append(BadRequest)
    if spec.access != "public":
        found.append(Unauthenticated)
    if spec.access not in {"public", "self_service"}:
        found.append(PermissionDenied)
    if plan.dependant.path_params:
        found.append(NotFound)
    if plan.has_body:
        found.append(BodyTooLarge)
    if spec.limited:
        found.append(RateLimited)
    if plan.has_body or plan.known_query or plan.dependant.header_params:
        found.append(ValidationFailed)
    if plan.idempotent:
        found += [IdempotencyInFlight, IdempotencyMismatch]
        if spec.secret:
            found.append(IdempotencyAnswerNotKept)
    if takes_if_match(route):
        found.append(PreconditionFailed)
    return list(dict.fromkeys(found))


def takes_if_match(route: Route) -> bool:
    spec = route.spec
    changes = spec.method in {"PUT", "PATCH", "DELETE"} or (spec.method == "POST" and "{" in spec.path)
    return changes and spec.access != "public"


def problem_response(classes: list[type[Problem]], schemas: dict[str, Any]) -> dict[str, Any]:
    """The response of one status: any of the classes, told apart by `code`, with an example of each."""
    references = {problem.code: _REF.format(model=_declare(problem, schemas)) for problem in classes}
    anyof = [{"$ref": reference} for reference in references.values()]
    schema: dict[str, Any] = anyof[0]
    if len(anyof) > 1:
        schema = {"anyOf": anyof, "discriminator": {"propertyName": "code", "mapping": references}}
    titles = " or ".join(dict.fromkeys(problem.title.lower() for problem in classes))
    examples = {
        problem.code: {"summary": problem.title, "value": schemas[schema_name(problem)]["examples"][0]}
        for problem in classes
    }
    content = {MEDIA_TYPE: {"schema": schema, "examples": examples}}
    return {"description": titles[:1].upper() + titles[1:], "content": content}


def _declare(problem: type[Problem], schemas: dict[str, Any]) -> str:
    name = schema_name(problem)
    if name not in schemas:
        schemas[name] = problem_schema(problem, schemas)
    return name


def schema_name(problem: type[Problem]) -> str:
    """`AssetRetired` is `AssetRetiredProblem` in the document: an event may have the same name."""
    return f"{problem.__name__}Problem"


def meaning(problem: type[Problem]) -> str:
    """The class's docstring as one line."""
    return re.sub(r"\s+", " ", problem.__doc__ or problem.title).strip()


def problem_schema(problem: type[Problem], schemas: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of one problem class with an example; its `extra` model adds the class's own members."""
    properties: dict[str, Any] = {
        "type": {"type": "string", "const": f"/docs/errors#{problem.code}"},
        "title": {"type": "string", "const": problem.title},
        "status": {"type": "integer", "const": problem.status},
        "detail": {"type": "string", "examples": [meaning(problem)]},
        "code": {"type": "string", "const": problem.code},
        "instance": {"type": "string", "examples": ["/api/…"]},
        "request_id": {"type": "string", "examples": ["0192a1b2-0000-7000-8000-00000000000a"]},
    }
    required = list(properties)
    if issubclass(problem, BadRequest | ValidationFailed):
        properties["errors"] = {"type": "array", "items": {"$ref": _REF.format(model="FieldError")}}
    if problem.extra is not None:
        own = problem.extra.model_json_schema(ref_template=_REF, mode="serialization")
        for name, schema in own.pop("$defs", {}).items():
            schemas.setdefault(name, schema)
        properties |= own["properties"]
        required += own.get("required", [])
    made: dict[str, Any] = {
        "title": schema_name(problem),
        "description": meaning(problem),
        "type": "object",
        "properties": properties,
        "required": required,
    }
    made["examples"] = [example_of(made, schemas, request=False)]
    return made
