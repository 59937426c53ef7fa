"""What an inspection asks of identity: who and what is no longer in use, and who holds everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import any_, exists, func, literal, or_, select

from app.kernel.security.permissions import EVERYTHING
from app.kernel.tx import ReadTx
from app.platform.identity.models import ApiKey, Role, User, UserRole


@dataclass(frozen=True, slots=True)
class UnusedUser:
    id: UUID
    username: str
    is_administrator: bool


@dataclass(frozen=True, slots=True)
class LiveKey:
    """An API key that works at this moment."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wildcards:
    """The names of those with the permission `*`: active users, roles, and API keys that work."""

    users: list[str]
    roles: list[str]
    keys: list[str]


_IS_ADMINISTRATOR = exists().where(
    UserRole.tenant_id == User.tenant_id,
    UserRole.user_id == User.id,
    Role.tenant_id == UserRole.tenant_id,
    Role.id == UserRole.role_id,
    literal(EVERYTHING) == any_(Role.permissions),
)


def unused_users(tx: ReadTx, *, before: datetime) -> list[UnusedUser]:
    """Active users made before then who since neither signed in nor had an API key of theirs used, by name."""
    used_key = exists().where(
        ApiKey.tenant_id == User.tenant_id, ApiKey.user_id == User.id, ApiKey.last_used_at >= before
    )
    rows = tx.all(
        select(User.id, User.username, _IS_ADMINISTRATOR.label("is_administrator"))
        .where(User.is_active, func.coalesce(User.last_sign_in_at, User.created_at) < before, ~used_key)
        .order_by(User.username)
    )
    return [UnusedUser(row.id, row.username, row.is_administrator) for row in rows]


def live_keys(tx: ReadTx) -> list[LiveKey]:
    """API keys that are neither revoked nor expired, by name. Those of disabled users are not among them."""
    rows = tx.all(
        select(
            ApiKey.id, ApiKey.name, ApiKey.scopes, ApiKey.created_at, ApiKey.expires_at, ApiKey.last_used_at
        )
        .join(User, (User.tenant_id == ApiKey.tenant_id) & (User.id == ApiKey.user_id))
        .where(
            User.is_active,
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > tx.now),
        )
        .order_by(ApiKey.name, ApiKey.id)
    )
    return [LiveKey(*row) for row in rows]


def wildcards(tx: ReadTx) -> Wildcards:
    users = tx.all(select(User.username).where(User.is_active, _IS_ADMINISTRATOR).order_by(User.username))
    roles = tx.all(select(Role.name).where(literal(EVERYTHING) == any_(Role.permissions)).order_by(Role.name))
    keys = [key.name for key in live_keys(tx) if EVERYTHING in key.scopes]
    return Wildcards(_first(users), _first(roles), keys)


def _first(rows: Sequence[Sequence[str]]) -> list[str]:
    return [row[0] for row in rows]
