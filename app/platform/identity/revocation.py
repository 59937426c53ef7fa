"""Signing a user out everywhere: what disabling them and a new password do."""

from uuid import UUID

from sqlalchemy import update

from app.kernel.tx import WriteTx
from app.platform.identity.models import SessionRow


def end_all_sessions(tx: WriteTx, user_id: UUID, *, but: UUID | None = None) -> None:
    """Sign a user out everywhere, `but` for one session."""
    statement = update(SessionRow).where(SessionRow.user_id == user_id, SessionRow.revoked_at.is_(None))
    if but is not None:
        statement = statement.where(SessionRow.id != but)
    tx.execute(statement.values(revoked_at=tx.now))
