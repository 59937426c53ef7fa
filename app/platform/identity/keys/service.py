"""API keys: credentials of machines, never stronger than their maker nor than the user they act for."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx
from app.platform.identity import secrets
from app.platform.identity.errors import ApiKeyNotFound, UserNotFound
from app.platform.identity.events import ApiKeyCreated, ApiKeyRevoked
from app.platform.identity.grants import check_names, require_held
from app.platform.identity.models import ApiKey, User


def create_key(
    tx: WriteTx, name: str, scopes: Iterable[str], expires_at: datetime | None, user_id: UUID | None
) -> tuple[ApiKey, str]:
    """The key and its secret, which is not stored. Raises `UserNotFound`, `PermissionDenied`, `ValidationFailed`."""
    names = check_names(scopes, "scopes")
    require_held(tx, names)
    if expires_at is not None and expires_at <= tx.now:
        raise invalid("expires_at", "in_the_past", "A key must expire in the future.")
    owner = user_id or tx.principal.user_id
    tx.one(select(User.id).where(User.id == owner).with_for_update(read=True, key_share=True), UserNotFound)
    key_id = new_id()
    secret, hashed = secrets.issue("key", tx.tenant_id, key_id)
    key = tx.add(
        ApiKey(
            id=key_id,
            name=name,
            user_id=owner,
            secret_hash=hashed,
            scopes=names,
            expires_at=expires_at,
            created_at=tx.now,
        )
    )
    tx.emit(
        ApiKeyCreated(api_key_id=key_id, name=name, user_id=key.user_id, scopes=names, expires_at=expires_at),
        subject=ref("api_key", key_id),
        related=[ref("user", key.user_id)],
    )
    return key, secret


def revoke_key(tx: WriteTx, key_id: UUID) -> None:
    """End a key at once; the row stays for the record. Nothing happens when it was revoked before."""
    key = tx.get(select(ApiKey).where(ApiKey.id == key_id).with_for_update(), ApiKeyNotFound)
    if key.revoked_at is not None:
        return
    key.revoked_at = tx.now
    tx.emit(
        ApiKeyRevoked(api_key_id=key_id, name=key.name, user_id=key.user_id),
        subject=ref("api_key", key_id),
        related=[ref("user", key.user_id)],
    )
