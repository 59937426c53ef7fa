"""From library errors to problems: validation errors, and database errors by constraint name."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from app.kernel.db.engine import lost_connection
from app.kernel.problem import (
    Conflict,
    FieldError,
    InternalError,
    Problem,
    ServiceUnavailable,
    ValidationFailed,
)

log = structlog.get_logger()

_WHERE = {"body": "#", "query": "query", "path": "path", "header": "header", "cookie": "cookie"}


def validation_problem(errors: Sequence[Mapping[str, Any]]) -> ValidationFailed:
    """Pydantic's errors as field errors. The input is never echoed: it may hold a secret."""
    found = [
        FieldError(pointer=_pointer(error["loc"]), code=str(error["type"]), detail=str(error["msg"]))
        for error in errors
    ]
    fields = ", ".join(dict.fromkeys(item.pointer for item in found))
    return ValidationFailed(f"Check {fields}.", errors=found)


def _pointer(loc: Sequence[Any]) -> str:
    where = _WHERE.get(str(loc[0]), "#") if loc else "#"
    rest = [str(part).replace("~", "~0").replace("/", "~1") for part in loc[1:]]
    return "/".join([where, *rest])


_COLLISION = {"23505", "23P01"}
_REFERENCE = {"23503"}
_VALUE = {"23514", "23502"}
_CROWDED = {"40001", "40P01", "55P03", "57014"}


def translate(error: DBAPIError, constraints: Mapping[str, Problem]) -> Problem:
    """The problem a database error means to the client; never a bare 500 for a broken rule."""
    state = getattr(error.orig, "sqlstate", None) or ""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    found = constraints.get(name) or _by_state(error, state, name)
    if found is None:
        log.error("database_error", sqlstate=state, constraint=name, exc_info=error)
        return InternalError()
    return found


def _by_state(error: DBAPIError, state: str, name: str) -> Problem | None:
    found: Problem | None = None
    if lost_connection(error):
        found = ServiceUnavailable("The database is restarting or can't be reached.")
    elif state in _COLLISION:
        found = Conflict("The request collides with what is already stored.", constraint=name)
    elif state in _REFERENCE:
        found = Conflict("The request refers to, or would orphan, another resource.", constraint=name)
    elif state in _VALUE or state.startswith("22"):
        found = ValidationFailed("A value is out of range.", constraint=name)
    elif state in _CROWDED:
        found = ServiceUnavailable("The request met too many others at once.")
    return found
