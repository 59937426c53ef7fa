"""What identity tells the rest of the product. No event carries a password, a hash or a secret."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from app.kernel.events.envelope import Event
from app.platform.identity.permissions import IDENTITY_READ

SignInMethod = Literal["password", "dev", "page"]


class TenantCreated(Event, type="identity.tenant.created", permission=IDENTITY_READ):
    """A tenant was made."""

    tenant_id: UUID
    name: str


class UserCreated(Event, type="identity.user.created", permission=IDENTITY_READ):
    """A user was made."""

    user_id: UUID
    username: str


class UserUpdated(Event, type="identity.user.updated", permission=IDENTITY_READ):
    """A user was renamed, enabled or disabled, or got a new password; `changed` names the fields."""

    user_id: UUID
    username: str
    is_active: bool
    changed: list[str]


class UserDeleted(Event, type="identity.user.deleted", permission=IDENTITY_READ):
    """A user was deleted, with role bindings, API keys and sessions."""

    user_id: UUID
    username: str


class RoleCreated(Event, type="identity.role.created", permission=IDENTITY_READ):
    """A role was made."""

    role_id: UUID
    name: str
    permissions: list[str]


class RoleUpdated(Event, type="identity.role.updated", permission=IDENTITY_READ):
    """A role was changed; its holders have its new permissions from their next request on."""

    role_id: UUID
    name: str
    permissions: list[str]


class RoleDeleted(Event, type="identity.role.deleted", permission=IDENTITY_READ):
    """A role was deleted and taken from its holders."""

    role_id: UUID
    name: str


class UserRoleBound(Event, type="identity.user_role.bound", permission=IDENTITY_READ):
    """A user got a role."""

    user_id: UUID
    role_id: UUID


class UserRoleUnbound(Event, type="identity.user_role.unbound", permission=IDENTITY_READ):
    """A user lost a role."""

    user_id: UUID
    role_id: UUID


class ApiKeyCreated(Event, type="identity.api_key.created", permission=IDENTITY_READ):
    """An API key was made."""

    api_key_id: UUID
    name: str
    user_id: UUID
    scopes: list[str]
    expires_at: datetime | None


class ApiKeyRevoked(Event, type="identity.api_key.revoked", permission=IDENTITY_READ):
    """An API key was revoked; it stopped working at once."""

    api_key_id: UUID
    name: str
    user_id: UUID


class LoginSucceeded(Event, type="identity.login.succeeded", permission=IDENTITY_READ):
    """A user signed in."""

    user_id: UUID
    session_id: UUID
    method: SignInMethod


class LoginFailed(Event, type="identity.login.failed", permission=IDENTITY_READ):
    """A sign-in was refused. `user_id` is null when there is no such user; what was typed is not kept."""

    user_id: UUID | None
    reason: Literal["unknown_user", "wrong_password", "disabled"]
    method: SignInMethod


class SessionEnded(Event, type="identity.session.ended", permission=IDENTITY_READ):
    """A session was signed out of; its access and refresh tokens stopped working at once."""

    session_id: UUID
    user_id: UUID


class RefreshReused(Event, type="identity.refresh.reused", permission=IDENTITY_READ):
    """A refresh token was shown a second time, as a stolen one would be; its session was ended."""

    session_id: UUID
    user_id: UUID
