"""The one place where a problem becomes a response."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from app.kernel.api.translate import validation_problem
from app.kernel.problem import (
    MEDIA_TYPE,
    BadRequest,
    MethodNotAllowed,
    NotFound,
    Problem,
)


def problem_response(request: Request, problem: Problem) -> Response:
    document = problem.document(
        instance=request.url.path, request_id=request.scope.get("hangar.request_id", "")
    )
    return Response(
        to_json(document), status_code=problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


async def on_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 starlette calls it with what it was registered for
    return problem_response(request, problem)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 404:
        return problem_response(request, NotFound(f"There is nothing at {request.url.path}."))
    if error.status_code == 405:
        detail = f"{request.method} is not possible here."
        return problem_response(request, MethodNotAllowed(detail, headers={"Allow": _allowed(request)}))
    return problem_response(request, BadRequest(str(error.detail), headers=error.headers))


def _allowed(request: Request) -> str:
    """The methods of every route of this path; Starlette knows only those of the first one that fits."""
    found: set[str] = set()
    for route in request.app.router.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return ", ".join(sorted(found))


async def on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return problem_response(request, validation_problem(error.errors()))


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_validation_error)
