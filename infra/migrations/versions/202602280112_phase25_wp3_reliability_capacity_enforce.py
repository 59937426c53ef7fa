"""Reliability: what the database insists on from now on."""

from app.kernel.db import migrate as m

revision = "202602280112"
down_revision = "202602280111"
branch_labels = None
depends_on = None
phase = "enforce"

_NEWEST = """
SELECT max(s.created_at) FROM identity_session s
WHERE s.tenant_id = identity_user.tenant_id AND s.user_id = identity_user.id
"""
_PAGE = "FROM page WHERE identity_user.tenant_id = page.tenant_id AND identity_user.id = page.id"


def _last_sign_in() -> None:
    """Catch up with those whom the release before let in, mend times before the user was made, and insist."""
    m.backfill(
        "identity_user",
        f"UPDATE identity_user SET last_sign_in_at = greatest(({_NEWEST}), created_at) {_PAGE}",
        where=f"coalesce(last_sign_in_at, '-infinity') < greatest(({_NEWEST}), created_at) AND ({_NEWEST}) IS NOT NULL",
        touches=("identity_session",),
    )
    m.backfill(
        "identity_user",
        f"UPDATE identity_user SET last_sign_in_at = created_at {_PAGE}",
        where="last_sign_in_at < created_at",
    )
    m.add_check_not_valid(
        "identity_user", "ck_identity_user_signed_in_after_made", "last_sign_in_at >= created_at"
    )
    m.validate_constraint("identity_user", "ck_identity_user_signed_in_after_made")


def upgrade() -> None:
    _last_sign_in()


def downgrade() -> None:
    m.drop_constraint("identity_user", "ck_identity_user_signed_in_after_made")
