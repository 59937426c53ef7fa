"""What every HTML answer carries, and the check that every form passes.

A form of a signed-in page has a token made from the session cookie. A form shown before sign-in has one made
from a random cookie of its own, so that nobody can sign a visitor in as somebody else.
"""

import secrets
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from app.kernel.api.runtime import runtime_of
from app.kernel.problem import PermissionDenied
from app.platform import identity

SESSION_COOKIE = "hangar_session"
FORM_COOKIE = "hangar_form"
CSP = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
)
HEADERS = {"Content-Security-Policy": CSP, "Cache-Control": "no-store", "Vary": "Accept, Cookie"}


class FormRefused(PermissionDenied):
    """A form came without the token of the page it stands on, or from another site. Load the page again."""

    code, title = "form_refused", "Form refused"


def wants_html(request: Request) -> bool:
    """Whether `Accept` names text/html; `*/*` alone gets JSON."""
    return "text/html" in request.headers.get("accept", "").lower()


def visitor(request: Request) -> str:
    """The random value behind the forms of somebody who is not signed in; made on first use in a request."""
    state = request.scope.setdefault("hangar.visitor", {})
    if "value" not in state:
        sent = request.cookies.get(FORM_COOKIE, "")
        state["fresh"] = not 32 <= len(sent) <= 128
        state["value"] = secrets.token_urlsafe(32) if state["fresh"] else sent
    return str(state["value"])


def remember_visitor(request: Request, response: Response) -> None:
    """Hand out the cookie behind `visitor`, when one was made."""
    state = request.scope.get("hangar.visitor", {})
    if state.get("fresh"):
        set_cookie(request, response, FORM_COOKIE, state["value"], same_site="strict")


def set_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    *,
    same_site: Literal["lax", "strict"] = "lax",
    max_age: int | None = None,
) -> None:
    """HttpOnly, and Secure in production. Lax lets a link from elsewhere open a page, but posts nothing."""
    secure = runtime_of(request).settings.profile == "production"
    response.set_cookie(
        name, value, max_age=max_age, httponly=True, secure=secure, samesite=same_site, path="/"
    )


def check_form(request: Request, cookie: str, token: str) -> None:
    """Raise `FormRefused` unless the form came from one of our pages shown to this very browser."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise FormRefused("The form was sent from another site.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise FormRefused("The form was sent from another site.")
    if not cookie or not identity.csrf_matches(cookie, token):
        raise FormRefused("The form's token is missing or old. Load the page again.")
