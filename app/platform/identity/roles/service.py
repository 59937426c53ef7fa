"""Roles: named permission sets. A change reaches every holder with their next request."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx
from app.platform.identity.catalogue import templates
from app.platform.identity.errors import RoleNotFound, RoleTemplateNotFound
from app.platform.identity.events import RoleCreated, RoleDeleted, RoleUpdated
from app.platform.identity.grants import (
    check_names,
    lock_administrators,
    require_administrator,
    require_held,
)
from app.platform.identity.models import Role
from app.platform.identity.roles.schemas import RolePatch

# In id order, so that two roles changed at once don't lock their common holders in a circle.
_RAISE_STAMPS = """
UPDATE identity_user SET stamp = stamp + 1
WHERE tenant_id = %(tenant)s AND id IN (
  SELECT u.id FROM identity_user u
  JOIN identity_user_role b ON b.tenant_id = u.tenant_id AND b.user_id = u.id
  WHERE b.tenant_id = %(tenant)s AND b.role_id = %(role)s ORDER BY u.id FOR NO KEY UPDATE OF u)
"""


def create_role(tx: WriteTx, name: str, description: str | None, permissions: Iterable[str]) -> Role:
    """A new role. Raises `ValidationFailed` for unknown permissions, `PermissionDenied` for ones not held."""
    names = check_names(permissions, "permissions")
    require_held(tx, names)
    role = tx.add(
        Role(name=name, description=description, permissions=names, created_at=tx.now, updated_at=tx.now)
    )
    tx.emit(
        RoleCreated(role_id=role.id, name=name, permissions=names),
        subject=ref("role", role.id),
        after=_state(role),
    )
    return role


def create_from_template(tx: WriteTx, key: str, name: str | None) -> Role:
    """A role with a template's permissions. Raises `RoleTemplateNotFound`."""
    template = templates().get(key)
    if template is None:
        raise RoleTemplateNotFound(f"There is no role template {key}.", known=[*sorted(templates())])
    return create_role(tx, name or template.name, template.description, template.permissions)


def update_role(tx: WriteTx, role_id: UUID, patch: RolePatch) -> Role:
    """Change what was sent. Whoever changes the permissions must hold the old ones and the new ones."""
    lock_administrators(tx)
    role = lock_role(tx, role_id)
    tx.match(role)
    before, sent = _state(role), patch.model_fields_set
    if "name" in sent and patch.name is not None:
        role.name = patch.name
    if "description" in sent:
        role.description = patch.description
    if patch.permissions is not None:
        _replace_permissions(tx, role, patch.permissions)
    if _state(role) == before:
        return role
    role.version += 1
    role.updated_at = tx.now
    tx.flush()
    tx.emit(
        RoleUpdated(role_id=role.id, name=role.name, permissions=role.permissions),
        subject=ref("role", role.id),
        before=before,
        after=_state(role),
    )
    return role


def _replace_permissions(tx: WriteTx, role: Role, permissions: Iterable[str]) -> None:
    names = check_names(permissions, "permissions")
    if names == role.permissions:
        return
    require_held(tx, {*names, *role.permissions})
    role.permissions = names
    raise_stamps(tx, role.id)
    require_administrator(tx)


def delete_role(tx: WriteTx, role_id: UUID) -> None:
    """Delete a role and take it from its holders. Raises `LastAdministrator`."""
    lock_administrators(tx)
    role = lock_role(tx, role_id)
    tx.match(role)
    require_held(tx, role.permissions)
    raise_stamps(tx, role_id)
    tx.execute(delete(Role).where(Role.id == role_id))
    require_administrator(tx)
    tx.emit(RoleDeleted(role_id=role_id, name=role.name), subject=ref("role", role_id), before=_state(role))


def lock_role(tx: WriteTx, role_id: UUID) -> Role:
    """The role, locked against binding and any other change of it. Raises `RoleNotFound`."""
    return tx.get(select(Role).where(Role.id == role_id).with_for_update(), RoleNotFound)


def raise_stamps(tx: WriteTx, role_id: UUID) -> None:
    """Make every holder's cached permissions unreachable."""
    tx.flush()
    tx.conn.exec_driver_sql(_RAISE_STAMPS, {"tenant": tx.tenant_id, "role": role_id})


def _state(role: Role) -> dict[str, Any]:
    return {"name": role.name, "description": role.description, "permissions": list(role.permissions)}
