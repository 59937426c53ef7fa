"""Identity: tenants, users, roles, API keys, sessions, and the function that opens a request."""

import sqlalchemy as sa

from alembic import op
from app.kernel.db import migrate as m
from app.kernel.db import rls

revision = "202602010003"
down_revision = "202602010002"
branch_labels = None
depends_on = None
phase = "expand"

TIME = sa.DateTime(timezone=True)

# Binds the transaction and reads its caller in one round trip. SECURITY INVOKER: row security holds inside.
# The use of a key is noted before the transaction turns read-only, at most once a minute, and skipped while
# another request holds the row; when the credential proves wrong the caller rolls all of it back.
OPEN = """
CREATE FUNCTION public.identity_open(p_tenant uuid, p_read_only boolean, p_kind text, p_id uuid)
RETURNS TABLE (
    user_id uuid, username text, stamp integer, is_active boolean,
    secret_hash bytea, scopes text[], expires_at timestamptz, revoked_at timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY INVOKER AS $$
#variable_conflict use_column
DECLARE
    last_used timestamptz;
BEGIN
    PERFORM set_config('app.tenant_id', p_tenant::text, true);
    IF p_kind = 'api_key' THEN
        SELECT u.id, u.username, u.stamp, u.is_active, k.secret_hash, k.scopes, k.expires_at, k.revoked_at,
               coalesce(k.last_used_at, '-infinity')
          INTO identity_open.user_id, identity_open.username, identity_open.stamp, identity_open.is_active,
               identity_open.secret_hash, identity_open.scopes, identity_open.expires_at,
               identity_open.revoked_at, last_used
          FROM public.identity_api_key k
          JOIN public.identity_user u ON u.tenant_id = k.tenant_id AND u.id = k.user_id
         WHERE k.tenant_id = p_tenant AND k.id = p_id;
        IF last_used < now() - interval '1 minute' AND current_setting('transaction_read_only') = 'off' THEN
            UPDATE public.identity_api_key SET last_used_at = now()
             WHERE tenant_id = p_tenant AND id = (
                SELECT k.id FROM public.identity_api_key k WHERE k.tenant_id = p_tenant AND k.id = p_id
                   FOR NO KEY UPDATE SKIP LOCKED);
        END IF;
        PERFORM set_config('app.actor', 'api_key:' || p_id, true);
    ELSE
        SELECT u.id, u.username, u.stamp, u.is_active, s.secret_hash, s.expires_at, s.revoked_at
          INTO identity_open.user_id, identity_open.username, identity_open.stamp, identity_open.is_active,
               identity_open.secret_hash, identity_open.expires_at, identity_open.revoked_at
          FROM public.identity_session s
          JOIN public.identity_user u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
         WHERE s.tenant_id = p_tenant AND s.id = p_id;
        PERFORM set_config('app.actor', 'user:' || identity_open.user_id, true);
    END IF;
    IF p_read_only THEN
        PERFORM set_config('transaction_read_only', 'on', true);
    END IF;
    IF identity_open.user_id IS NOT NULL THEN
        RETURN NEXT;
    END IF;
END
$$
"""
GRANT = f"""
REVOKE ALL ON FUNCTION public.identity_open(uuid, boolean, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.identity_open(uuid, boolean, text, uuid) TO {rls.APP_ROLE};
"""


def upgrade() -> None:
    m.create_global_table(
        "tenant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        grants="SELECT, INSERT",
    )
    m.create_tenant_table(
        "identity_user",
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("stamp", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "username"),
        sa.CheckConstraint("length(username) BETWEEN 1 AND 100", name="username_length"),
    )
    m.create_tenant_table(
        "identity_role",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("permissions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        sa.UniqueConstraint("tenant_id", "name"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
    )
    m.create_tenant_table(
        "identity_user_role",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        m.tenant_fk("user_id", "identity_user", ondelete="CASCADE"),
        m.tenant_fk("role_id", "identity_role", ondelete="CASCADE"),
        sa.Index("ix_identity_user_role_role", "tenant_id", "role_id"),
        key=("user_id", "role_id"),
    )
    m.create_tenant_table(
        "identity_api_key",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.Column("last_used_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        m.tenant_fk("user_id", "identity_user", ondelete="CASCADE"),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_is_sha256"),
        sa.Index("ix_identity_api_key_user", "tenant_id", "user_id"),
    )
    m.create_tenant_table(
        "identity_session",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary()),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        m.tenant_fk("user_id", "identity_user", ondelete="CASCADE"),
        sa.CheckConstraint("kind IN ('token', 'page')", name="kind"),
        sa.CheckConstraint("(kind = 'page') = (secret_hash IS NOT NULL)", name="page_has_secret"),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_is_sha256"),
        sa.Index("ix_identity_session_user", "tenant_id", "user_id"),
        sa.Index("ix_identity_session_expiry", "tenant_id", "expires_at"),
    )
    m.create_tenant_table(
        "identity_refresh_token",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        m.tenant_fk("session_id", "identity_session", ondelete="CASCADE"),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_is_sha256"),
        sa.Index("ix_identity_refresh_token_session", "tenant_id", "session_id"),
    )
    m.run_script(OPEN)
    m.run_script(GRANT)


def downgrade() -> None:
    op.execute("DROP FUNCTION public.identity_open(uuid, boolean, text, uuid)")
    for table in (
        "identity_refresh_token",
        "identity_session",
        "identity_api_key",
        "identity_user_role",
        "identity_role",
        "identity_user",
        "tenant",
    ):
        op.drop_table(table)
