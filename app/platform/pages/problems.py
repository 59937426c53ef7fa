"""Problems for people: a page when a browser asks for one, and the way to sign in when that is what is missing."""

from urllib.parse import urlencode

from anyio.to_thread import run_sync
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.kernel.api import render as plain
from app.kernel.problem import NotFound, Problem, Unauthenticated
from app.platform.pages.security import wants_html
from app.platform.pages.shell import page_principal, render


def install(app: FastAPI) -> None:
    """Show problems of pages as pages. To be called after the kernel's own handlers are installed."""
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_exception)


async def on_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem) and _is_for_people(request):
        return await _page(request, error)
    return await plain.on_problem(request, error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 404 and _is_for_people(request):
        return await _page(request, NotFound(f"There is nothing at {request.url.path}."))
    return await plain.on_http_exception(request, error)


async def _page(request: Request, problem: Problem) -> Response:
    """The page of a problem; somebody who should sign in is sent to do so and comes back."""
    if isinstance(problem, Unauthenticated) and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': target})}", 303, {"Cache-Control": "no-store"})
    await run_sync(page_principal, request)
    return render(
        request,
        "problem.html",
        status=problem.status,
        headers=problem.headers,
        problem=problem,
        request_id=request.scope.get("hangar.request_id", ""),
    )


def _is_for_people(request: Request) -> bool:
    """A page's route, or an address that is no route at all; never the API."""
    if not wants_html(request) or request.url.path.startswith("/api/"):
        return False
    spec = getattr(request.scope.get("route"), "spec", None)
    return spec is None or bool(spec.page)
