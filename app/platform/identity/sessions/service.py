"""Sessions: signing in by password, tokens, refreshing them, pages, signing out."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update

from app.kernel.api.ratelimit import RateLimiter
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import Unauthenticated
from app.kernel.security.principal import system
from app.kernel.tx import AnonymousTx, WriteTx
from app.platform.identity import passwords, secrets
from app.platform.identity.events import (
    LoginFailed,
    LoginSucceeded,
    RefreshReused,
    SessionEnded,
    SignInMethod,
)
from app.platform.identity.models import RefreshToken, SessionRow, User
from app.platform.identity.principals import UserPrincipal, load_permissions
from app.platform.identity.tenants.service import find_tenant
from app.platform.identity.tokens import AccessClaims, Keyring

REFRESH_REFUSED = "The refresh token is unknown, expired or revoked."


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets; `refresh_token` is "" for sign-ins that can't be renewed."""

    access_token: str
    refresh_token: str
    expires_in: int
    permissions: frozenset[str]


def authenticate(
    tx: AnonymousTx,
    limiter: RateLimiter | None,
    *,
    tenant: str,
    username: str,
    password: str,
    method: SignInMethod = "password",
) -> UserPrincipal | None:
    """The user whose password this is; the transaction is then bound to them. No session is begun yet.

    None means refused: the caller must answer and not raise, so that `identity.login.failed` is committed. An
    unknown tenant or user takes as long as a known one. Raises `RateLimited` after too many attempts on one
    account; without a limiter there is no such limit.
    """
    found = find_tenant(tx, tenant)
    if limiter is not None:
        limiter.login(str(found.id) if found else tenant, username)
    if found is None:
        passwords.verify(password, None)
        return None
    tx.enter(system(found.id, "sign-in"))
    user = tx.objects(select(User).where(User.username == username))
    stored = user[0].password_hash if user else None
    right, renewed = passwords.verify(password, stored)
    if not user or not right or not user[0].is_active:
        _note_failure(tx, user[0] if user else None, right, method)
        return None
    if renewed:
        user[0].password_hash = renewed
    held = load_permissions(tx.conn, found.id, user[0].id)
    principal = UserPrincipal(found.id, "user", user[0].id, user[0].username, held, user[0].id)
    tx.enter(principal)
    return principal


def _note_failure(tx: WriteTx, user: User | None, right: bool, method: SignInMethod) -> None:
    known = user.id if user else None
    reason = "unknown_user" if user is None else "disabled" if right else "wrong_password"
    subject = ref("user", known) if known else ref("tenant", tx.tenant_id)
    tx.emit(LoginFailed(user_id=known, reason=reason, method=method), subject=subject)


def begin_session(
    tx: AnonymousTx, principal: UserPrincipal, lifetime: timedelta, method: SignInMethod
) -> tuple[UserPrincipal, str]:
    """A session of a user that `authenticate` has just let in, and the cookie when it is one of pages."""
    session_id = new_id()
    cookie, hashed = secrets.issue("ses", tx.tenant_id, session_id) if method == "page" else ("", None)
    user_id = principal.id
    opened = insert(SessionRow).values(
        tenant_id=tx.tenant_id,
        id=session_id,
        user_id=user_id,
        kind="page" if method == "page" else "token",
        secret_hash=hashed,
        expires_at=tx.now + lifetime,
        created_at=tx.now,
    )
    # Both in one round trip. Clocks of two servers may differ: nobody signs in before they were made.
    tx.execute(
        update(User)
        .where(User.tenant_id == tx.tenant_id, User.id == user_id)
        .values(last_sign_in_at=func.greatest(tx.now, User.created_at))
        .add_cte(opened.cte("opened"))
        .execution_options(synchronize_session=False)
    )
    tx.emit(
        LoginSucceeded(user_id=user_id, session_id=session_id, method=method), subject=ref("user", user_id)
    )
    within = UserPrincipal(
        principal.tenant_id, "user", user_id, principal.name, principal.permissions, user_id, session_id
    )
    tx.enter(within)
    return within, cookie


def access_tokens(
    tx: WriteTx, keyring: Keyring, principal: UserPrincipal, refresh_for: timedelta | None = None
) -> Tokens:
    """An access token of the session, with the next refresh token of its chain when one is wanted."""
    claims = AccessClaims(principal.tenant_id, principal.id, principal.session_id)
    access = keyring.sign(claims, tx.now)
    refresh = _refresh_token(tx, principal.session_id, refresh_for) if refresh_for else ""
    return Tokens(access, refresh, keyring.seconds, principal.permissions)


def _refresh_token(tx: WriteTx, session_id: UUID, lifetime: timedelta) -> str:
    row_id = new_id()
    token, hashed = secrets.issue("ref", tx.tenant_id, row_id)
    tx.add(
        RefreshToken(
            id=row_id,
            session_id=session_id,
            secret_hash=hashed,
            expires_at=tx.now + lifetime,
            created_at=tx.now,
        )
    )
    return token


def refresh(tx: AnonymousTx, keyring: Keyring, token: str, lifetime: timedelta) -> Tokens | None:
    """The next tokens of a session. One refresh token is good once.

    None means that it was used before: the session was ended, and the caller must answer and not raise.
    Raises `Unauthenticated` for every other reason.
    """
    opaque = secrets.parse(token)
    if opaque is None or opaque.kind != "ref":
        raise Unauthenticated(REFRESH_REFUSED)
    tx.enter(system(opaque.tenant_id, "refresh"))
    refused = Unauthenticated(REFRESH_REFUSED)
    row = tx.get(select(RefreshToken).where(RefreshToken.id == opaque.row_id).with_for_update(), refused)
    if not secrets.matches(opaque.secret, row.secret_hash):
        raise refused
    session = tx.get(select(SessionRow).where(SessionRow.id == row.session_id).with_for_update(), refused)
    user = tx.get(select(User).where(User.id == session.user_id), refused)
    if row.used_at is not None:
        _punish_reuse(tx, session)
        return None
    if not user.is_active or session.revoked_at is not None or row.expires_at <= tx.now:
        raise refused
    row.used_at = tx.now
    session.expires_at = tx.now + lifetime
    held = load_permissions(tx.conn, tx.tenant_id, user.id)
    principal = UserPrincipal(tx.tenant_id, "user", user.id, user.username, held, user.id, session.id)
    tx.enter(principal)
    return access_tokens(tx, keyring, principal, lifetime)


def _punish_reuse(tx: WriteTx, session: SessionRow) -> None:
    if session.revoked_at is None:
        session.revoked_at = tx.now
        tx.emit(
            RefreshReused(session_id=session.id, user_id=session.user_id),
            subject=ref("user", session.user_id),
        )


def end_session(tx: WriteTx) -> None:
    """Sign the caller's session out, effective at once. An API key has none: nothing happens."""
    caller = tx.principal
    if not isinstance(caller, UserPrincipal):
        return
    ended = tx.execute(
        update(SessionRow)
        .where(SessionRow.id == caller.session_id, SessionRow.revoked_at.is_(None))
        .values(revoked_at=tx.now)
    ).rowcount
    if ended:
        tx.emit(SessionEnded(session_id=caller.session_id, user_id=caller.id), subject=ref("user", caller.id))
