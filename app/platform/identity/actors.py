"""What an actor of the log may do at this moment, long after the request that named it."""

from uuid import UUID

from sqlalchemy import select

from app.kernel.security.principal import SYSTEM_PERMISSIONS
from app.kernel.tx import ReadTx
from app.platform.identity.catalogue import common
from app.platform.identity.models import ApiKey, User
from app.platform.identity.principals import load_permissions


def permissions_of(tx: ReadTx, actor: str) -> frozenset[str]:
    """The permissions of `user:<id>`, `api_key:<id>` or `system:<job>` of this tenant.

    Empty for one who is disabled, revoked, expired or gone. Raises `ValueError` for anything else.
    """
    kind, _, name = actor.partition(":")
    if kind == "system":
        return SYSTEM_PERMISSIONS
    if kind == "user":
        return _of_user(tx, UUID(name))
    if kind == "api_key":
        return _of_key(tx, UUID(name))
    raise ValueError(f"not an actor: {actor!r}")


def _of_key(tx: ReadTx, key_id: UUID) -> frozenset[str]:
    key = tx.first(
        select(ApiKey.user_id, ApiKey.scopes, ApiKey.expires_at).where(
            ApiKey.id == key_id, ApiKey.revoked_at.is_(None)
        )
    )
    if key is None or (key.expires_at is not None and key.expires_at <= tx.now):
        return frozenset()
    return common(frozenset(key.scopes), _of_user(tx, key.user_id))


def _of_user(tx: ReadTx, user_id: UUID) -> frozenset[str]:
    if tx.first(select(User.id).where(User.id == user_id, User.is_active)) is None:
        return frozenset()
    return load_permissions(tx.conn, tx.tenant_id, user_id)
