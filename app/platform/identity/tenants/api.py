"""Tenants: making one is open in the dev profile and needs the operator's token in production."""

import hmac
from typing import Annotated
from uuid import UUID

from fastapi import Header, Request
from sqlalchemy import select

from app.kernel.api.routing import Router
from app.kernel.api.runtime import runtime_of
from app.kernel.problem import Unauthenticated
from app.kernel.tx import AnonymousTx, ReadTx
from app.platform.identity.errors import TenantHasUsers, TenantNameTaken, TenantNotFound
from app.platform.identity.models import Tenant
from app.platform.identity.permissions import IDENTITY_READ
from app.platform.identity.tenants import service
from app.platform.identity.tenants.schemas import AdministratorCreate, TenantCreate, TenantRead
from app.platform.identity.users.schemas import UserRead

router = Router("/api/identity", tags=["Identity"])

Authorization = Annotated[
    str, Header(description="In production: `Bearer` and the operator's bootstrap token.")
]
_OWN = select(Tenant.id, Tenant.name, Tenant.created_at)


@router.post("/tenants", public=True, status_code=201, errors=[Unauthenticated, TenantNameTaken])
def create_tenant(
    request: Request, body: TenantCreate, tx: AnonymousTx, authorization: Authorization = ""
) -> TenantRead:
    """Make a tenant. Then make its first administrator with `bootstrap-admin`."""
    _require_operator(request, authorization)
    return TenantRead.model_validate(service.create_tenant(tx, body.name))


@router.post(
    "/bootstrap-admin", public=True, status_code=201, errors=[Unauthenticated, TenantNotFound, TenantHasUsers]
)
def bootstrap_admin(
    request: Request, body: AdministratorCreate, tx: AnonymousTx, authorization: Authorization = ""
) -> UserRead:
    """Make the first administrator of a tenant that has no user."""
    _require_operator(request, authorization)
    made = service.create_administrator(tx, body.tenant_id, body.username, body.password.get_secret_value())
    return UserRead.model_validate(made)


@router.get("/tenants", permission=IDENTITY_READ)
def list_tenants(tx: ReadTx) -> list[TenantRead]:
    """The caller's own tenant, as a list of one."""
    return [TenantRead.model_validate(row) for row in tx.all(_OWN.where(Tenant.id == tx.tenant_id))]


@router.get("/tenants/{tenant_id:uuid}", permission=IDENTITY_READ, errors=[TenantNotFound])
def get_tenant(tenant_id: UUID, tx: ReadTx) -> TenantRead:
    """The caller's own tenant; any other id is not found."""
    if tenant_id != tx.tenant_id:
        raise TenantNotFound
    return TenantRead.model_validate(tx.one(_OWN.where(Tenant.id == tenant_id), TenantNotFound))


def _require_operator(request: Request, authorization: str) -> None:
    settings = runtime_of(request).settings
    if settings.profile != "production":
        return
    expected = settings.bootstrap_token.get_secret_value() if settings.bootstrap_token else ""
    scheme, _, given = authorization.partition(" ")
    genuine = hmac.compare_digest(given.strip().encode(), expected.encode())
    if not expected or scheme.lower() != "bearer" or not genuine:
        raise Unauthenticated("Making a tenant needs the operator's bootstrap token.")
