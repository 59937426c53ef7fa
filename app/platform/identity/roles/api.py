"""Roles, role templates and the permission catalogue."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx
from app.platform.identity import catalogue
from app.platform.identity.errors import LastAdministrator, RoleNameTaken, RoleNotFound, RoleTemplateNotFound
from app.platform.identity.models import Role
from app.platform.identity.permissions import IDENTITY_READ, IDENTITY_WRITE
from app.platform.identity.roles import service
from app.platform.identity.roles.schemas import (
    PermissionRead,
    RoleCreate,
    RoleFilter,
    RoleFromTemplate,
    RolePatch,
    RoleRead,
    RoleTemplateRead,
)

router = Router("/api/identity", tags=["Identity"])

ROLE_COLUMNS = select(
    Role.id,
    Role.tenant_id,
    Role.name,
    Role.description,
    Role.permissions,
    Role.version,
    Role.created_at,
    Role.updated_at,
)
_KEYS = {"created_at": Role.created_at, "name": Role.name, "id": Role.id}


@router.get("/permissions", permission=IDENTITY_READ)
def list_permissions() -> list[PermissionRead]:
    """Every permission there is. The catalogue belongs to the release; `*` stands for all of it."""
    return [
        PermissionRead(name=name, description=known.description, also_granted_by=list(known.also))
        for name, known in sorted(catalogue.permissions().items())
    ]


@router.get("/role-templates", permission=IDENTITY_READ)
def list_role_templates() -> list[RoleTemplateRead]:
    """Roles that can be made in one call."""
    return [RoleTemplateRead.model_validate(template) for template in catalogue.templates().values()]


@router.post("/roles", permission=IDENTITY_WRITE, status_code=201, errors=[RoleNameTaken])
def create_role(body: RoleCreate, tx: WriteTx) -> RoleRead:
    """Make a role of permissions that the caller holds."""
    return RoleRead.model_validate(service.create_role(tx, body.name, body.description, body.permissions))


@router.post(
    "/roles:from-template",
    permission=IDENTITY_WRITE,
    status_code=201,
    errors=[RoleTemplateNotFound, RoleNameTaken],
)
def create_role_from_template(body: RoleFromTemplate, tx: WriteTx) -> RoleRead:
    """Make a role with a template's permissions, all of which the caller must hold."""
    return RoleRead.model_validate(service.create_from_template(tx, body.template_key, body.name))


@router.get("/roles", permission=IDENTITY_READ)
def list_roles(tx: ReadTx, paging: Annotated[RoleFilter, Query()]) -> Page[RoleRead]:
    """The tenant's roles, oldest first."""
    wanted = ROLE_COLUMNS if paging.name is None else ROLE_COLUMNS.where(Role.name == paging.name)
    return page(tx, wanted, paging, RoleRead.model_validate, keys=_KEYS, default="created_at")


@router.get("/roles/{role_id:uuid}", permission=IDENTITY_READ, errors=[RoleNotFound])
def get_role(role_id: UUID, tx: ReadTx) -> RoleRead:
    """One role with its permissions."""
    return RoleRead.model_validate(tx.one(ROLE_COLUMNS.where(Role.id == role_id), RoleNotFound))


@router.patch(
    "/roles/{role_id:uuid}",
    permission=IDENTITY_WRITE,
    errors=[RoleNotFound, RoleNameTaken, LastAdministrator, PreconditionFailed],
)
def update_role(role_id: UUID, body: RolePatch, tx: WriteTx) -> RoleRead:
    """Change a role; its holders have the new permissions from their next request on."""
    return RoleRead.model_validate(service.update_role(tx, role_id, body))


@router.delete(
    "/roles/{role_id:uuid}",
    permission=IDENTITY_WRITE,
    errors=[RoleNotFound, LastAdministrator, PreconditionFailed],
)
def delete_role(role_id: UUID, tx: WriteTx) -> None:
    """Delete a role and take it from its holders."""
    service.delete_role(tx, role_id)
