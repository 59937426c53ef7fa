"""`/login` and `/logout`: the session cookie of the pages."""

from typing import Annotated

from fastapi import Form, Query
from pydantic import BaseModel, StringConstraints
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.kernel.api.routing import Router
from app.kernel.api.runtime import runtime_of
from app.kernel.problem import NotFound, RateLimited
from app.kernel.tx import AnonymousTx
from app.platform import identity
from app.platform.pages.security import FORM_COOKIE, SESSION_COOKIE, check_form, set_cookie
from app.platform.pages.shell import page_principal, render

router = Router()

Short = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]
Target = Annotated[str, StringConstraints(max_length=2000)]

DEMO_TENANT = "demo"
DEMO_USERS = ("admin", *identity.DEMO_USERS)


class SignIn(BaseModel):
    tenant: Short
    username: Short
    password: Short
    csrf: Short = ""
    next: Target = "/"


class DemoSignIn(BaseModel):
    username: Short
    csrf: Short = ""


class SignOut(BaseModel):
    csrf: Short = ""


def local(target: str) -> str:
    """The target when it is a path of ours, else the landing page: a link must not lead off the site."""
    tidy = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if tidy else "/"


@router.get("/login", public=True, page=True)
def show_login(request: Request, target: Annotated[Target, Query(alias="next")] = "/") -> Response:
    """The sign-in form; somebody who is signed in is sent on."""
    if page_principal(request) is not None:
        return _go(local(target))
    return render(request, "login.html", target=local(target), tenant="", username="", refused="")


@router.post("/login", public=True, page=True)
def sign_in(request: Request, form: Annotated[SignIn, Form()], tx: AnonymousTx) -> Response:
    """Check the password and begin a session. The answer to a wrong one names no reason."""
    check_form(request, request.cookies.get(FORM_COOKIE, ""), form.csrf)
    try:
        refused = _begin(request, tx, form.tenant, form.username, form.password, form.next)
    except RateLimited:
        refused = _again(request, form, "Too many attempts on this account. Wait a minute.", 429)
    return refused or _again(request, form, "Tenant, user name or password is wrong.", 401)


@router.post("/login/demo", public=True, page=True)
def sign_in_as_demo_user(request: Request, form: Annotated[DemoSignIn, Form()], tx: AnonymousTx) -> Response:
    """One click, in the dev profile only: the demo users' password is known to everybody."""
    if runtime_of(request).settings.profile != "dev" or form.username not in DEMO_USERS:
        raise NotFound("There is no such demo user.")
    check_form(request, request.cookies.get(FORM_COOKIE, ""), form.csrf)
    begun = _begin(request, tx, DEMO_TENANT, form.username, identity.DEMO_PASSWORD, "/events")
    if begun is None:
        raise NotFound("The demo tenant was not seeded here.")
    return begun


@router.post("/logout", public=True, page=True)
def sign_out(request: Request, form: Annotated[SignOut, Form()], tx: AnonymousTx) -> Response:
    """End the session, on the server too. Signed out already is fine."""
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if cookie and identity.open_page_session(tx, cookie) is not None:
        check_form(request, cookie, form.csrf)
        identity.end_session(tx)
    response = _go("/")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def _begin(
    request: Request, tx: AnonymousTx, tenant: str, username: str, password: str, target: str
) -> Response | None:
    limiter = runtime_of(request).limiter
    user = identity.authenticate(
        tx, limiter, tenant=tenant, username=username, password=password, method="page"
    )
    if user is None:
        return None
    session = identity.begin_page_session(tx)
    response = _go(local(target))
    lifetime = int((session.expires_at - tx.now).total_seconds())
    set_cookie(request, response, SESSION_COOKIE, session.cookie, max_age=lifetime)
    return response


def _again(request: Request, form: SignIn, refused: str, status: int) -> Response:
    return render(
        request,
        "login.html",
        status=status,
        target=local(form.next),
        tenant=form.tenant,
        username=form.username,
        refused=refused,
    )


def _go(path: str) -> Response:
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})
