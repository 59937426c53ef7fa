"""The page shell: what a module needs to answer with HTML.

    principal = page_principal(request)
    return render(request, "storage/health.html", clusters=clusters)

A template extends `shell.html` and fills the block `content`; it has `principal`, `csrf`, `path` and `version`.
Forms carry `<input type="hidden" name="csrf" value="{{ csrf }}">`, and their handler calls `enter_page`.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.kernel.api.runtime import runtime_of
from app.kernel.problem import PermissionDenied, ServiceUnavailable, Unauthenticated
from app.kernel.security.permissions import Permission
from app.kernel.security.principal import Principal
from app.kernel.tx import AnonymousTx, Origin
from app.platform import identity
from app.platform.pages.security import (
    HEADERS,
    SESSION_COOKIE,
    check_form,
    remember_visitor,
    visitor,
)
from app.platform.pages.templating import environment

_PRINCIPAL = "hangar.principal"


def page_principal(request: Request) -> Principal | None:
    """Who is looking at this page, or None. Reads the database at most once per request; blocks, so not for
    the event loop.

    On routes with a permission or `self_service` the kernel has found out already. A database that is away
    makes everybody a visitor.
    """
    known = request.scope.get(_PRINCIPAL)
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if known is not None or not cookie:
        return known if isinstance(known, Principal) else None
    request_id = request.scope["hangar.request_id"]
    try:
        with runtime_of(request).database.connect() as conn, conn.begin():
            found = identity.open_page_session(
                AnonymousTx.begin(conn, Origin(request_id, request_id)), cookie
            )
    except ServiceUnavailable:
        return None
    if found is not None:
        request.scope[_PRINCIPAL] = found
    return found


def enter_page(
    request: Request, tx: AnonymousTx, csrf: str, permission: Permission | None = None
) -> Principal:
    """For a form's handler: check the token and go on as the signed-in user.

    Raises `Unauthenticated`, `FormRefused` or `PermissionDenied`.
    """
    cookie = request.cookies.get(SESSION_COOKIE, "")
    found = identity.open_page_session(tx, cookie) if cookie else None
    if found is None:
        raise Unauthenticated("Sign in first.")
    request.scope[_PRINCIPAL] = found
    check_form(request, cookie, csrf)
    if permission is not None and not found.can(permission):
        raise PermissionDenied(f"This needs the permission {permission}.", permission=str(permission))
    return found


def render(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """An HTML answer in the shell, with its security headers. Does no I/O: call `page_principal` first on a
    public page, or the visitor's shell is shown.
    """
    principal = request.scope.get(_PRINCIPAL)
    anonymous_csrf = identity.csrf_token(visitor(request))
    shown = {
        "principal": principal,
        "path": request.url.path,
        "csrf": identity.csrf_token(request.cookies[SESSION_COOKIE])
        if principal and SESSION_COOKIE in request.cookies
        else anonymous_csrf,
        "anonymous_csrf": anonymous_csrf,
    }
    html = environment.get_template(template).render(shown | context)
    response = HTMLResponse(html, status_code=status, headers={**HEADERS, **(headers or {})})
    remember_visitor(request, response)
    return response
