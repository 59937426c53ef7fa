"""Sessions and refresh tokens that ended are forgotten after a week: long enough to tell a reuse from an error."""

from datetime import timedelta

from sqlalchemy import delete

from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx
from app.platform.identity.models import RefreshToken, SessionRow

KEPT_FOR = timedelta(days=7)


def forget_expired(tx: WriteTx) -> None:
    past = tx.now - KEPT_FOR
    tx.execute(delete(RefreshToken).where(RefreshToken.expires_at < past))
    tx.execute(delete(SessionRow).where(SessionRow.expires_at < past))


FORGET_EXPIRED = Job("identity.forget_expired", run=forget_expired, queue="batch", cron="41 3 * * *")
