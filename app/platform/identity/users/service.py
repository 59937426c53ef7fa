"""Users of a tenant."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select

from app.kernel.events.envelope import ref
from app.kernel.problem import PermissionDenied, invalid
from app.kernel.tx import ReadTx, WriteTx
from app.platform.identity.errors import NotYourself, UserNotFound
from app.platform.identity.events import UserCreated, UserDeleted, UserUpdated
from app.platform.identity.grants import lock_administrators, require_administrator, require_over
from app.platform.identity.models import User
from app.platform.identity.passwords import hash_password, verify
from app.platform.identity.principals import UserPrincipal
from app.platform.identity.revocation import end_all_sessions
from app.platform.identity.users.schemas import UserPatch


def create_user(tx: WriteTx, username: str, password: str, *, is_active: bool = True) -> User:
    """A new user without any role. The name is checked by its unique constraint."""
    user = tx.add(
        User(
            username=username,
            password_hash=hash_password(password),
            is_active=is_active,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit(UserCreated(user_id=user.id, username=username), subject=ref("user", user.id), after=_state(user))
    return user


def update_user(tx: WriteTx, user_id: UUID, patch: UserPatch) -> User:
    """Change what was sent.

    Disabling and a new password end the user's sessions. Raises `PermissionDenied` when the user holds more than
    the caller, `NotYourself`, `LastAdministrator`.
    """
    lock_administrators(tx)
    user = lock_user(tx, user_id)
    tx.match(user)
    require_over(tx, user_id)
    before, changed = _state(user), []
    if patch.username is not None and patch.username != user.username:
        user.username = patch.username
        changed.append("username")
    if patch.password is not None:
        set_password(tx, user, patch.password.get_secret_value())
        changed.append("password")
    if patch.is_active is not None and patch.is_active != user.is_active:
        _set_active(tx, user, active=patch.is_active)
        changed.append("is_active")
    if changed:
        note_change(tx, user, before, changed)
    return user


def _set_active(tx: WriteTx, user: User, *, active: bool) -> None:
    if not active:
        _refuse_yourself(tx, user.id)
        end_all_sessions(tx, user.id)
    user.is_active = active
    user.stamp += 1
    require_administrator(tx)


def set_password(tx: WriteTx, user: User, password: str) -> None:
    """A new password; every session but the caller's own ends."""
    user.password_hash = hash_password(password)
    user.stamp += 1
    caller = tx.principal
    end_all_sessions(tx, user.id, but=caller.session_id if isinstance(caller, UserPrincipal) else None)


def change_own_password(tx: WriteTx, current: str, new: str) -> None:
    """Raises `ValidationFailed` when `current` is wrong, `PermissionDenied` for an API key."""
    if not isinstance(tx.principal, UserPrincipal):
        raise PermissionDenied("Only a user who signed in changes their password.")
    user = lock_user(tx, tx.principal.id)
    if not verify(current, user.password_hash)[0]:
        raise invalid("current_password", "wrong_password", "This is not your password.")
    set_password(tx, user, new)
    note_change(tx, user, _state(user), ["password"])


def note_change(tx: WriteTx, user: User, before: dict[str, Any], changed: list[str]) -> None:
    user.version += 1
    user.updated_at = tx.now
    tx.flush()
    tx.emit(
        UserUpdated(user_id=user.id, username=user.username, is_active=user.is_active, changed=changed),
        subject=ref("user", user.id),
        before=before,
        after=_state(user),
    )


def delete_user(tx: WriteTx, user_id: UUID) -> None:
    """Delete a user with bindings, keys and sessions. What they did stays, under their id, in the log."""
    lock_administrators(tx)
    user = lock_user(tx, user_id)
    tx.match(user)
    _refuse_yourself(tx, user_id)
    require_over(tx, user_id)
    tx.execute(delete(User).where(User.id == user_id))
    require_administrator(tx)
    tx.emit(
        UserDeleted(user_id=user_id, username=user.username),
        subject=ref("user", user_id),
        before=_state(user),
    )


def lock_user(tx: WriteTx, user_id: UUID) -> User:
    return tx.get(select(User).where(User.id == user_id).with_for_update(key_share=True), UserNotFound)


def resolve_user(tx: ReadTx, text: str) -> Row[Any] | None:
    """A user of this tenant by id or name: `id, username, is_active`; an id wins over a name like one."""
    wanted = select(User.id, User.username, User.is_active)
    try:
        by_id = tx.first(wanted.where(User.id == UUID(text)))
    except ValueError:
        by_id = None
    return by_id or tx.first(wanted.where(User.username == text))


def _refuse_yourself(tx: WriteTx, user_id: UUID) -> None:
    if user_id == tx.principal.user_id:
        raise NotYourself("Ask another administrator to do this.")


def _state(user: User) -> dict[str, Any]:
    return {"username": user.username, "is_active": user.is_active}
