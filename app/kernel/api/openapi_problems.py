"""Problems in the OpenAPI document: which a route can answer, and the schema and example of each class."""

import re
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from app.kernel.api.openapi_examples import example_of
from app.kernel.api.routing import Route
from app.kernel.problem import (
    MEDIA_TYPE,
    BadCursor,
    BadRequest,
    BodyTooLarge,
    Conflict,
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
    has_body = plan.has_body or plan.takes_upload
    words = [name for name in plan.dependant.path_params if name.field_info.annotation is not UUID]
    checked = has_body or bool(plan.known_query) or bool(plan.dependant.header_params) or bool(words)
    guarded = spec.access not in {"public", "self_service"}
    around: list[tuple[type[Problem], bool]] = [
        (UnknownParameter, True),
        (BadCursor, "cursor" in plan.known_query),
        (BadRequest, "cursor" in plan.known_query or has_body or plan.idempotent),
        (Unauthenticated, spec.access != "public"),
        (PermissionDenied, guarded),
        (NotFound, bool(plan.dependant.path_params)),
        (BodyTooLarge, has_body),
        (RateLimited, spec.limited),
        (ValidationFailed, checked),
        (IdempotencyInFlight, plan.idempotent),
        (IdempotencyMismatch, plan.idempotent),
        (IdempotencyAnswerNotKept, plan.idempotent and spec.secret),
        (Conflict, plan.writes),
        (PreconditionFailed, takes_if_match(route)),
        (InternalError, True),
        (ServiceUnavailable, True),
    ]
    return list(dict.fromkeys([*spec.errors, *(problem for problem, applies in around if applies)]))


def takes_if_match(route: Route) -> bool:
    spec = route.spec
    changes = spec.method in {"PUT", "PATCH", "DELETE"} or (spec.method == "POST" and "{" in spec.path)
    return changes and spec.access != "public"


def problem_response(classes: list[type[Problem]], components: dict[str, Any]) -> dict[str, Any]:
    """The response of one status: any of the classes, told apart by `code`, with an example of each.

    What only the kernel raises is the same on many routes, so it stands in the components once.
    """
    made = _response(classes, components)
    if any(not problem.__module__.startswith("app.kernel.") for problem in classes):
        return made
    name = "Or".join(problem.__name__ for problem in classes)
    components.setdefault("responses", {})[name] = made
    return {"$ref": f"#/components/responses/{name}"}


def _response(classes: list[type[Problem]], components: dict[str, Any]) -> dict[str, Any]:
    references = {problem.code: _REF.format(model=_declare(problem, components)) for problem in classes}
    anyof = [{"$ref": reference} for reference in references.values()]
    schema: dict[str, Any] = anyof[0]
    if len(anyof) > 1:
        schema = {"anyOf": anyof, "discriminator": {"propertyName": "code", "mapping": references}}
    titles = " or ".join(dict.fromkeys(problem.title.lower() for problem in classes))
    examples = {problem.code: {"$ref": f"#/components/examples/{problem.code}"} for problem in classes}
    content = {MEDIA_TYPE: {"schema": schema, "examples": examples}}
    return {"description": titles[:1].upper() + titles[1:], "content": content}


def _declare(problem: type[Problem], components: dict[str, Any]) -> str:
    name, schemas = schema_name(problem), components["schemas"]
    if name not in schemas:
        schemas[name] = problem_schema(problem, schemas)
        value = example_of(schemas[name], schemas, request=False)
        components.setdefault("examples", {})[problem.code] = {"summary": problem.title, "value": value}
    return name


def schema_name(problem: type[Problem]) -> str:
    """`AssetRetired` is `AssetRetiredProblem` in the document: an event may have the same name."""
    return f"{problem.__name__}Problem"


def meaning(problem: type[Problem]) -> str:
    """The class's docstring as one line."""
    return re.sub(r"\s+", " ", problem.__doc__ or problem.title).strip()


def members_of(problem: type[Problem]) -> type[BaseModel] | None:
    """The model of the members that this class adds; a subclass says so itself."""
    extra: type[BaseModel] | None = vars(problem).get("extra")
    return extra


def problem_schema(problem: type[Problem], schemas: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of one problem class; its `extra` model adds the class's own members."""
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
    members = members_of(problem)
    if members is not None:
        own = members.model_json_schema(ref_template=_REF, mode="serialization")
        for name, schema in own.pop("$defs", {}).items():
            own_name(schemas, name, schema)
        properties |= own["properties"]
        required += own.get("required", [])
    return {
        "title": schema_name(problem),
        "description": meaning(problem),
        "type": "object",
        "properties": properties,
        "required": required,
    }


def own_name(schemas: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    """Add a schema. Raises `ValueError` when another one has its name: a client would read one as the other."""
    if schemas.setdefault(name, schema) != schema:
        raise ValueError(f"two schemas are called {name}: rename one")
