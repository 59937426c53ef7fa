"""When users signed in last, from the sessions that are left and from what the event log says.

Sessions are forgotten when they expire; the log is not. A release that does not know the column may still be
serving, so users who sign in meanwhile are caught up with in the next step.
"""

from app.kernel.db import migrate as m

revision = "202602280111"
down_revision = "202602280110"
branch_labels = None
depends_on = None
phase = "backfill_validate"

_SESSIONS = """
SELECT max(s.created_at) FROM identity_session s
WHERE s.tenant_id = identity_user.tenant_id AND s.user_id = identity_user.id
"""
_LOGINS = """
SELECT max(e.at) FROM event_ref r JOIN event e ON e.tenant_id = r.tenant_id AND e.id = r.event_id
WHERE r.tenant_id = identity_user.tenant_id AND r.ref = 'user:' || identity_user.id
  AND e.type = 'identity.login.succeeded'
"""


def upgrade() -> None:
    m.backfill(
        "identity_user",
        f"UPDATE identity_user SET last_sign_in_at = greatest(({_SESSIONS}), ({_LOGINS}))"
        " FROM page WHERE identity_user.tenant_id = page.tenant_id AND identity_user.id = page.id",
        where=f"last_sign_in_at IS NULL AND coalesce(({_SESSIONS}), ({_LOGINS})) IS NOT NULL",
        touches=("identity_session", "event_ref", "event"),
    )


def downgrade() -> None:
    pass
