"""Roles of users.

Binding takes the role FOR SHARE, so a role can't be changed between the moment its permissions are handed out and
the moment its new holder is visible to those who change it.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx
from app.platform.identity.errors import RoleNotFound, UserNotFound
from app.platform.identity.events import UserRoleBound, UserRoleUnbound
from app.platform.identity.grants import lock_administrators, require_administrator, require_held
from app.platform.identity.models import Role, User, UserRole
from app.platform.identity.users.schemas import BatchBindRead, BindResult


def bind_role(tx: WriteTx, user_id: UUID, role_id: UUID) -> None:
    """Give a role to a user; nothing happens when they have it. Raises `UserNotFound`, `RoleNotFound`."""
    if _bind(tx, user_id, [role_id])[role_id] == "not_found":
        raise RoleNotFound


def bind_roles(tx: WriteTx, user_id: UUID, role_ids: Sequence[UUID]) -> BatchBindRead:
    """Give several roles at once: all that exist. Raises `UserNotFound`, and `PermissionDenied` for the whole."""
    wanted = list(dict.fromkeys(role_ids))
    status = _bind(tx, user_id, wanted)
    found = list(status.values())
    return BatchBindRead(
        user_id=user_id,
        requested_count=len(wanted),
        bound_count=found.count("bound"),
        already_bound_count=found.count("already_bound"),
        denied_count=0,
        missing_count=found.count("not_found"),
        results=[BindResult.model_validate({"role_id": role, "status": status[role]}) for role in wanted],
    )


def _bind(tx: WriteTx, user_id: UUID, role_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The outcome by role id."""
    status = dict.fromkeys(role_ids, "not_found")
    wanted = select(Role.id, Role.permissions).where(Role.id.in_(role_ids))
    roles = tx.all(wanted.order_by(Role.id).with_for_update(read=True))
    tx.one(select(User.id).where(User.id == user_id).with_for_update(key_share=True), UserNotFound)
    for role in roles:
        require_held(tx, role.permissions)
    fresh = _insert(tx, user_id, [role.id for role in roles])
    for role in roles:
        status[role.id] = "bound" if role.id in fresh else "already_bound"
    if fresh:
        _raise_stamp(tx, user_id)
    for role_id in sorted(fresh):
        event = UserRoleBound(user_id=user_id, role_id=role_id)
        tx.emit(event, subject=ref("user", user_id), related=[ref("role", role_id)])
    return status


def _insert(tx: WriteTx, user_id: UUID, role_ids: Sequence[UUID]) -> set[UUID]:
    """Which of the bindings are new."""
    if not role_ids:
        return set()
    rows = [
        {"tenant_id": tx.tenant_id, "user_id": user_id, "role_id": role_id, "created_at": tx.now}
        for role_id in role_ids
    ]
    statement = insert(UserRole).values(rows).on_conflict_do_nothing().returning(UserRole.role_id)
    return {row.role_id for row in tx.execute(statement)}


def unbind_role(tx: WriteTx, user_id: UUID, role_id: UUID) -> None:
    """Take a role from a user; nothing happens when they don't have it. Raises `LastAdministrator`."""
    lock_administrators(tx)
    tx.one(select(User.id).where(User.id == user_id), UserNotFound)
    role = tx.one(select(Role.permissions).where(Role.id == role_id).with_for_update(read=True), RoleNotFound)
    require_held(tx, role.permissions)
    gone = tx.execute(
        delete(UserRole).where(UserRole.user_id == user_id, UserRole.role_id == role_id)
    ).rowcount
    if not gone:
        return
    _raise_stamp(tx, user_id)
    require_administrator(tx)
    event = UserRoleUnbound(user_id=user_id, role_id=role_id)
    tx.emit(event, subject=ref("user", user_id), related=[ref("role", role_id)])


def _raise_stamp(tx: WriteTx, user_id: UUID) -> None:
    tx.execute(update(User).where(User.id == user_id).values(stamp=User.stamp + 1))
