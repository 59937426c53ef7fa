"""Users and their roles."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx
from app.platform.identity.errors import (
    LastAdministrator,
    NotYourself,
    RoleNotFound,
    UsernameTaken,
    UserNotFound,
)
from app.platform.identity.models import Role, User, UserRole
from app.platform.identity.permissions import IDENTITY_READ, IDENTITY_WRITE
from app.platform.identity.roles.api import ROLE_COLUMNS
from app.platform.identity.roles.schemas import RoleRead
from app.platform.identity.users import binding, service
from app.platform.identity.users.schemas import (
    BatchBindRead,
    RoleBatch,
    UserCreate,
    UserFilter,
    UserPatch,
    UserRead,
)

router = Router("/api/identity/users", tags=["Identity"])

_COLUMNS = select(
    User.id,
    User.tenant_id,
    User.username,
    User.is_active,
    User.last_sign_in_at,
    User.version,
    User.created_at,
    User.updated_at,
)
_KEYS = {"created_at": User.created_at, "username": User.username, "id": User.id}


@router.post("", permission=IDENTITY_WRITE, status_code=201, errors=[UsernameTaken])
def create_user(body: UserCreate, tx: WriteTx) -> UserRead:
    """Make a user. Without a role they can sign in and see themselves."""
    password = body.password.get_secret_value()
    return UserRead.model_validate(service.create_user(tx, body.username, password, is_active=body.is_active))


@router.get("", permission=IDENTITY_READ)
def list_users(tx: ReadTx, paging: Annotated[UserFilter, Query()]) -> Page[UserRead]:
    """The tenant's users, oldest first."""
    wanted = _COLUMNS
    if paging.username is not None:
        wanted = wanted.where(User.username == paging.username)
    if paging.is_active is not None:
        wanted = wanted.where(User.is_active == paging.is_active)
    return page(tx, wanted, paging, UserRead.model_validate, keys=_KEYS, default="created_at")


@router.get("/{user_id:uuid}", permission=IDENTITY_READ, errors=[UserNotFound])
def get_user(user_id: UUID, tx: ReadTx) -> UserRead:
    """One user."""
    return UserRead.model_validate(tx.one(_COLUMNS.where(User.id == user_id), UserNotFound))


@router.patch(
    "/{user_id:uuid}",
    permission=IDENTITY_WRITE,
    errors=[UserNotFound, UsernameTaken, NotYourself, LastAdministrator, PreconditionFailed],
)
def update_user(user_id: UUID, body: UserPatch, tx: WriteTx) -> UserRead:
    """Rename, enable, disable, or set a password. Disabling takes effect with the user's next request."""
    return UserRead.model_validate(service.update_user(tx, user_id, body))


@router.delete(
    "/{user_id:uuid}",
    permission=IDENTITY_WRITE,
    errors=[UserNotFound, NotYourself, LastAdministrator, PreconditionFailed],
)
def delete_user(user_id: UUID, tx: WriteTx) -> None:
    """Delete a user with role bindings, API keys and sessions."""
    service.delete_user(tx, user_id)


@router.get("/{user_id:uuid}/roles", permission=IDENTITY_READ, errors=[UserNotFound])
def list_user_roles(user_id: UUID, tx: ReadTx) -> list[RoleRead]:
    """The roles of a user, by name."""
    tx.one(select(User.id).where(User.id == user_id), UserNotFound)
    held = ROLE_COLUMNS.join(UserRole, UserRole.role_id == Role.id).where(UserRole.user_id == user_id)
    return [RoleRead.model_validate(row) for row in tx.all(held.order_by(Role.name))]


@router.post(
    "/{user_id:uuid}/roles/{role_id:uuid}", permission=IDENTITY_WRITE, errors=[UserNotFound, RoleNotFound]
)
def bind_user_role(user_id: UUID, role_id: UUID, tx: WriteTx) -> None:
    """Give a user a role, all of whose permissions the caller holds. Done twice, it is done once."""
    binding.bind_role(tx, user_id, role_id)


@router.delete(
    "/{user_id:uuid}/roles/{role_id:uuid}",
    permission=IDENTITY_WRITE,
    errors=[UserNotFound, RoleNotFound, LastAdministrator],
)
def unbind_user_role(user_id: UUID, role_id: UUID, tx: WriteTx) -> None:
    """Take a role from a user; effective with their next request."""
    binding.unbind_role(tx, user_id, role_id)


@router.post("/{user_id:uuid}/roles:batch-bind", permission=IDENTITY_WRITE, errors=[UserNotFound])
def batch_bind_user_roles(user_id: UUID, body: RoleBatch, tx: WriteTx) -> BatchBindRead:
    """Give a user several roles. A role that is not in this tenant is `not_found`, wherever else it may be."""
    return binding.bind_roles(tx, user_id, body.role_ids)
