"""Signing in and out, and who one is."""

from datetime import timedelta

from fastapi import Request
from sqlalchemy import select
from starlette.responses import Response

from app.kernel.api.render import problem_response
from app.kernel.api.routing import Router
from app.kernel.api.runtime import runtime_of
from app.kernel.problem import NotFound, PermissionDenied, RateLimited, Unauthenticated
from app.kernel.tx import AnonymousTx, ReadTx, WriteTx
from app.platform.identity.catalogue import listed
from app.platform.identity.models import Role, UserRole
from app.platform.identity.principals import IdentityPrincipals
from app.platform.identity.sessions import service
from app.platform.identity.sessions.schemas import (
    DevLogin,
    DevTokenRead,
    HeldRole,
    Login,
    MeRead,
    PasswordChange,
    PrincipalRead,
    Refresh,
    SignedOut,
    TokenRead,
)
from app.platform.identity.tokens import Keyring
from app.platform.identity.users.service import change_own_password

router = Router("/api/identity", tags=["Identity"])

WRONG = "Wrong tenant, username or password."


@router.post("/dev-login", public=True, secret=True, errors=[Unauthenticated, NotFound])
def dev_login(request: Request, body: DevLogin, tx: AnonymousTx) -> DevTokenRead:
    """Sign in while developing: no refresh token, no throttle. Not found in production."""
    if runtime_of(request).settings.profile == "production":
        raise NotFound(f"There is nothing at {request.url.path}.")
    caller = service.authenticate(
        tx,
        None,
        tenant=body.tenant_id,
        username=body.username,
        password=body.password.get_secret_value(),
        method="dev",
    )
    if caller is None:
        return _refused(request, WRONG)  # type: ignore[return-value]
    keyring = _keyring(request)
    caller, _ = service.begin_session(tx, caller, timedelta(seconds=keyring.seconds), "dev")
    tokens = service.access_tokens(tx, keyring, caller)
    return DevTokenRead.model_validate(_answer(tokens))


@router.post("/login", public=True, secret=True, errors=[Unauthenticated, RateLimited])
def login(request: Request, body: Login, tx: AnonymousTx) -> TokenRead:
    """Sign in: an access token, and a refresh token that is good once."""
    runtime = runtime_of(request)
    caller = service.authenticate(
        tx,
        runtime.limiter,
        tenant=body.tenant,
        username=body.username,
        password=body.password.get_secret_value(),
    )
    if caller is None:
        return _refused(request, WRONG)  # type: ignore[return-value]
    lifetime = _refresh_lifetime(request)
    caller, _ = service.begin_session(tx, caller, lifetime, "password")
    return _answer(service.access_tokens(tx, _keyring(request), caller, lifetime))


@router.post("/refresh", public=True, secret=True, errors=[Unauthenticated])
def refresh(request: Request, body: Refresh, tx: AnonymousTx) -> TokenRead:
    """The next pair of tokens. A refresh token that comes a second time ends its session."""
    tokens = service.refresh(tx, _keyring(request), body.refresh_token, _refresh_lifetime(request))
    if tokens is None:
        return _refused(request, service.REFRESH_REFUSED)  # type: ignore[return-value]
    return _answer(tokens)


@router.post("/logout", self_service=True)
def logout(tx: WriteTx) -> SignedOut:
    """End the session: its access and refresh tokens stop working at once."""
    service.end_session(tx)
    return SignedOut(status="signed_out")


@router.post("/me/password", self_service=True, secret=True, errors=[PermissionDenied])
def change_my_password(body: PasswordChange, tx: WriteTx) -> None:
    """Change one's own password; one's other sessions end."""
    change_own_password(tx, body.current_password.get_secret_value(), body.new_password.get_secret_value())


@router.get("/me", self_service=True)
def get_me(tx: ReadTx) -> MeRead:
    """Who the credential is, its roles and what it may do at this moment."""
    roles = tx.all(
        select(Role.id, Role.name)
        .join(UserRole, UserRole.role_id == Role.id)
        .where(UserRole.user_id == tx.principal.user_id)
        .order_by(Role.name)
    )
    return MeRead(
        principal=PrincipalRead.model_validate(tx.principal),
        roles=[HeldRole.model_validate(role) for role in roles],
        permissions=listed(tx.principal.permissions),
    )


def _answer(tokens: service.Tokens) -> TokenRead:
    return TokenRead(
        access_token=tokens.access_token,
        token_type="bearer",  # noqa: S106 a scheme, not a secret
        expires_in=tokens.expires_in,
        permissions=listed(tokens.permissions),
        refresh_token=tokens.refresh_token,
    )


def _refresh_lifetime(request: Request) -> timedelta:
    return timedelta(days=runtime_of(request).settings.refresh_token_days)


def _keyring(request: Request) -> Keyring:
    principals = runtime_of(request).principals
    assert isinstance(principals, IdentityPrincipals)  # noqa: S101 the registry hands in no other
    return principals.keyring


def _refused(request: Request, detail: str) -> Response:
    """401 as an answer and not an exception: what the attempt has written is to be committed."""
    return problem_response(request, Unauthenticated(detail))
