"""The job of one attempt: read what to send, send it outside any transaction, write down what came of it.

A worker that dies in between leaves the job to be run again, so a receiver may get an event twice, always under
the same `webhook-id`. What is written down is a compare-and-set on the number of attempts made.
"""

import random
from datetime import timedelta
from uuid import UUID

from app.kernel.clock import now
from app.kernel.jobs.engine import Job, JobContext, enqueue
from app.kernel.tx import WriteTx
from app.platform.webhooks.config import current
from app.platform.webhooks.egress import post
from app.platform.webhooks.gate import Gate
from app.platform.webhooks.message import prepare
from app.platform.webhooks.record import record

# A worker runs six jobs at once: receivers that answer slowly leave two places to everything else.
_GATE = Gate(total=4, each=2)
_COME_BACK = timedelta(seconds=1)


def deliver(context: JobContext, *, delivery_id: str, attempt: int) -> None:
    """Make attempt number `attempt` (from 0) of a delivery, unless it was made already."""
    row_id = UUID(delivery_id)
    message = context.write(lambda tx: prepare(tx, row_id, attempt))
    if message is None:
        return
    with _GATE.enter(message.webhook_id) as room:
        if not room:
            context.write(lambda tx: push(tx, row_id, attempt=attempt, after=_COME_BACK))
            return
        started = now()
        outcome = post(
            message.url,
            message.body.encode(),
            message.headers(started),
            allow_private=current().egress_allow_private,
        )

    def conclude(tx: WriteTx) -> None:
        luck = random.random()  # noqa: S311 it spreads load and guards nothing
        pause = record(tx, row_id, attempt, outcome, started=started, luck=luck)
        if pause is not None:
            push(tx, row_id, attempt=attempt + 1, after=pause)

    context.write(conclude)


DELIVER = Job("webhooks.deliver", run=deliver, queue="interactive", free=True)


def push(
    tx: WriteTx, delivery_id: UUID, *, attempt: int, after: timedelta | None = None, once: str | None = None
) -> None:
    """Queue one attempt with this transaction."""
    enqueue(tx, DELIVER, after=after, once=once, delivery_id=str(delivery_id), attempt=attempt)
