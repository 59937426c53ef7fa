"""Signing in and out, and who one is."""

from datetime import timedelta

from fastapi import Request
from sqlalchemy import select
from starlette.responses import Response

from app.kernel.api.render import problem_response
from app.kernel.api.routing import Router
from app.kernel.api.runtime import runtime_of
from app.kernel.problem import NotFound, Unauthenticated
from app.kernel.tx import AnonymousTx, ReadTx
from app.platform.identity.catalogue import listed
from app.platform.identity.models import Role, UserRole
from app.platform.identity.principals import IdentityPrincipals
from app.platform.identity.sessions import service
from app.platform.identity.sessions.schemas import (
    DevLogin,
    DevTokenRead,
    HeldRole,
    MeRead,
    PrincipalRead,
)
from app.platform.identity.tokens import Keyring

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
    return DevTokenRead(
        access_token=tokens.access_token,
        token_type="bearer",  # noqa: S106 a scheme, not a secret
        expires_in=tokens.expires_in,
        permissions=listed(tokens.permissions),
    )


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


def _keyring(request: Request) -> Keyring:
    principals = runtime_of(request).principals
    assert isinstance(principals, IdentityPrincipals)  # noqa: S101 the registry hands in no other
    return principals.keyring


def _refused(request: Request, detail: str) -> Response:
    """401 as an answer and not an exception: what the attempt has written is to be committed."""
    return problem_response(request, Unauthenticated(detail))
