"""Tables of identity. Every one but `tenant` is behind row security."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db.base import Base, TenantRow, Timestamped, Versioned
from app.kernel.ids import new_id


class Tenant(Base):
    """One company. The only global table here: the app shows a caller its own row and no other."""

    __tablename__ = "tenant"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        {"info": {"grants": "SELECT, INSERT"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    created_at: Mapped[datetime]


class User(TenantRow, Versioned, Timestamped, Base):
    """`stamp` rises with everything that changes what the user may do: cached permission sets are keyed by it."""

    __tablename__ = "identity_user"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "username"),
        CheckConstraint("length(username) BETWEEN 1 AND 100", name="username_length"),
        CheckConstraint("last_sign_in_at >= created_at", name="signed_in_after_made"),
    )

    username: Mapped[str]
    password_hash: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    stamp: Mapped[int] = mapped_column(default=1)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(sort_order=95)


class Role(TenantRow, Versioned, Timestamped, Base):
    __tablename__ = "identity_role"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))


class UserRole(Base):
    __tablename__ = "identity_user_role"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["identity_user.tenant_id", "identity_user.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "role_id"], ["identity_role.tenant_id", "identity_role.id"], ondelete="CASCADE"
        ),
        Index("ix_identity_user_role_role", "tenant_id", "role_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class ApiKey(TenantRow, Base):
    """A credential of a machine, acting for a user within `scopes`. Revoked keys stay, for the record."""

    __tablename__ = "identity_api_key"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["identity_user.tenant_id", "identity_user.id"], ondelete="CASCADE"
        ),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_is_sha256"),
        Index("ix_identity_api_key_user", "tenant_id", "user_id"),
    )

    name: Mapped[str]
    user_id: Mapped[UUID]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SessionRow(TenantRow, Base):
    """One sign-in: `token` carries access tokens and a chain of refresh tokens, `page` carries a cookie.

    Every access token names its session, so revoking the row ends all of it at once.
    """

    __tablename__ = "identity_session"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["identity_user.tenant_id", "identity_user.id"], ondelete="CASCADE"
        ),
        CheckConstraint("kind IN ('token', 'page')", name="kind"),
        CheckConstraint("(kind = 'page') = (secret_hash IS NOT NULL)", name="page_has_secret"),
        CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_is_sha256"),
        Index("ix_identity_session_user", "tenant_id", "user_id"),
        Index("ix_identity_session_expiry", "tenant_id", "expires_at"),
    )

    user_id: Mapped[UUID]
    kind: Mapped[str]
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RefreshToken(TenantRow, Base):
    """One link of a session's chain; a link that is used twice ends the session (RFC 9700 §4.14.2)."""

    __tablename__ = "identity_refresh_token"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["identity_session.tenant_id", "identity_session.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_is_sha256"),
        Index("ix_identity_refresh_token_session", "tenant_id", "session_id"),
    )

    session_id: Mapped[UUID]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
