"""The reader's rule: an endpoint is sent only what its owner may read now."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select

from app.kernel.events.envelope import catalogue
from app.kernel.security.permissions import EVERYTHING
from app.kernel.security.principal import SYSTEM_PERMISSIONS
from app.kernel.tx import ReadTx
from app.platform.identity.catalogue import common
from app.platform.identity.models import ApiKey, User
from app.platform.identity.principals import load_permissions
from app.platform.webhooks.events import DELIVERY_EVENTS, EndpointTested

_TEST = EndpointTested.event_type


def permissions_of(tx: ReadTx, owners: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """What each owner may do at this moment; nothing for one who is disabled, revoked or gone."""
    return {owner: _permissions_of(tx, owner) for owner in set(owners)}


def _permissions_of(tx: ReadTx, actor: str) -> frozenset[str]:
    kind, _, name = actor.partition(":")
    if kind == "system":
        return SYSTEM_PERMISSIONS
    if kind == "user":
        return _permissions_of_user(tx, UUID(name))
    key = tx.first(
        select(ApiKey.user_id, ApiKey.scopes, ApiKey.expires_at).where(
            ApiKey.id == UUID(name), ApiKey.revoked_at.is_(None)
        )
    )
    if key is None or (key.expires_at is not None and key.expires_at <= tx.now):
        return frozenset()
    return common(frozenset(key.scopes), _permissions_of_user(tx, key.user_id))


def _permissions_of_user(tx: ReadTx, user_id: UUID) -> frozenset[str]:
    if tx.first(select(User.id).where(User.id == user_id, User.is_active)) is None:
        return frozenset()
    return load_permissions(tx.conn, tx.tenant_id, user_id)


def may_read(held: frozenset[str], event_type: str) -> bool:
    """Whether somebody holding these permissions may be sent an event of this type by webhook."""
    if event_type == _TEST:
        return True
    if event_type.startswith(DELIVERY_EVENTS):
        return False
    declared = catalogue().get(event_type)
    return declared.permission.granted_by(held) if declared is not None else EVERYTHING in held


def matches(patterns: Iterable[str], event_type: str) -> bool:
    """`*` is everything, `asset.*` everything below `asset`, anything else one type."""
    return any(
        pattern in {"*", event_type} or (pattern.endswith(".*") and event_type.startswith(pattern[:-1]))
        for pattern in patterns
    )
