"""`/docs/errors`: what every problem `type` links to, made from the problem classes themselves."""

from dataclasses import dataclass
from http import HTTPStatus
from inspect import cleandoc

from starlette.requests import Request
from starlette.responses import Response

from app.kernel.api.routing import Router
from app.kernel.problem import Problem
from app.platform.pages.shell import page_principal, render

router = Router()


@dataclass(frozen=True, slots=True)
class ProblemEntry:
    """One problem code as it is documented."""

    code: str
    status: int
    phrase: str
    title: str
    description: str


def problem_catalogue() -> list[ProblemEntry]:
    """Every problem that is declared, by status and code. Two classes may share a code, the first one tells."""
    found: dict[str, ProblemEntry] = {}
    pending = [Problem]
    while pending:
        problem = pending.pop(0)
        pending.extend(problem.__subclasses__())
        described = "code" in vars(problem) or problem.__doc__
        if problem is not Problem and described and problem.code not in found:
            found[problem.code] = ProblemEntry(
                problem.code,
                problem.status,
                HTTPStatus(problem.status).phrase,
                problem.title,
                cleandoc(problem.__doc__ or problem.title),
            )
    return sorted(found.values(), key=lambda entry: (entry.status, entry.code))


@router.get("/docs/errors", public=True, page=True)
def show_errors(request: Request) -> Response:
    """The list of problems, each under its code as the fragment."""
    page_principal(request)
    return render(request, "errors.html", problems=problem_catalogue())
