"""The job that tells: routes what is new, wakes and sends the groups that have something to say.

It runs every minute, and soon after an alert changed: the relay's outlet queues it with the sealed events.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from app.domains.observability.escalation.timers import begin, ring
from app.domains.observability.notify.grouping import BATCH, flush, route_new, wake
from app.domains.observability.notify.models import NotificationGroup
from app.domains.observability.notify.outbox import requeue_lost
from app.domains.observability.suppressions.effect import refresh
from app.kernel.events.envelope import Envelope
from app.kernel.jobs.engine import Job, enqueue
from app.kernel.tx import WriteTx

_SOON = timedelta(minutes=1)


def tell(tx: WriteTx) -> None:
    """Everything that is due for one tenant."""
    refresh(tx)
    fresh = route_new(tx)
    begin(tx, fresh)
    more = len(fresh) == BATCH
    wake(tx)
    more = flush(tx) == BATCH or more
    ring(tx)
    requeue_lost(tx)
    _come_back(tx, at_once=more)


TELL = Job("observability.tell", tell, cron="* * * * *", attempts=3)


def queue_telling(tx: WriteTx, envelopes: Sequence[Envelope]) -> None:
    """An `Outlet` of the relay."""
    if any(event.type.startswith("alert.") for event in envelopes):
        enqueue(tx, TELL, once="tell")


def _come_back(tx: WriteTx, *, at_once: bool) -> None:
    """The periodic run looks every minute; what is due sooner gets a run of its own."""
    if at_once:
        enqueue(tx, TELL, once="tell")
        return
    due = tx.scalar(
        select(func.min(NotificationGroup.due_at)).where(NotificationGroup.due_at <= tx.now + _SOON)
    )
    if due is not None:
        enqueue(tx, TELL, once="tell.due", after=max(due - tx.now, timedelta(0)))
