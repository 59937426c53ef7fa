"""Sessions of HTML pages: a cookie, and the token that every form carries against forged requests."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.kernel.problem import Unauthenticated
from app.kernel.tx import AnonymousTx
from app.platform.identity import secrets
from app.platform.identity.principals import (
    UserPrincipal,
    cookie_claim,
    load_permissions,
    read_claim,
    signed_in,
)
from app.platform.identity.sessions.service import begin_session

SESSION_LIFETIME = timedelta(hours=12)
_CSRF = b"hangar.csrf.v1"


@dataclass(frozen=True, slots=True)
class NewSession:
    """`cookie` is the value of `hangar_session`; it is shown this once."""

    cookie: str
    expires_at: datetime


def begin_page_session(tx: AnonymousTx) -> NewSession:
    """A session for the user that `authenticate` has just let in."""
    caller = tx.principal
    if not isinstance(caller, UserPrincipal):
        raise TypeError("a page session begins after authenticate()")
    _, cookie = begin_session(tx, caller, SESSION_LIFETIME, "page")
    return NewSession(cookie, tx.now + SESSION_LIFETIME)


def open_page_session(tx: AnonymousTx, cookie: str) -> UserPrincipal | None:
    """The user behind a cookie, with the transaction bound to them; None when nobody is signed in."""
    opaque = secrets.parse(cookie)
    if opaque is None or opaque.kind != "ses":
        return None
    claim = cookie_claim(opaque)
    try:
        row = read_claim(tx.conn, claim, read_only=False)
    except Unauthenticated:
        return None
    caller = signed_in(claim, row, load_permissions(tx.conn, claim.tenant_id, row.user_id))
    tx.enter(caller)
    return caller


def csrf_token(cookie: str) -> str:
    """What a form of this session carries: derived from the cookie's secret, which no other site knows."""
    return hmac.digest(cookie.encode(), _CSRF, hashlib.sha256).hex()


def csrf_matches(cookie: str, token: str) -> bool:
    return hmac.compare_digest(csrf_token(cookie).encode(), token.encode())
