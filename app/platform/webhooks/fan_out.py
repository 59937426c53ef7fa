"""Queueing many deliveries after the sealing, not in it: storing a job each takes longer than sealing may."""

from uuid import UUID

from sqlalchemy import select

from app.kernel.jobs.engine import Job, JobContext, enqueue
from app.kernel.tx import WriteTx
from app.platform.webhooks.delivery import push
from app.platform.webhooks.models import WebhookDelivery

FEW = 20
_CHUNK = 100


def push_all(tx: WriteTx, ids: list[UUID]) -> None:
    """Queue the first attempt of new deliveries: a few at once, many through a job that queues them."""
    if len(ids) > FEW:
        enqueue(tx, FAN_OUT, first=str(min(ids)), last=str(max(ids)))
        return
    for delivery_id in ids:
        push(tx, delivery_id, attempt=0)


def fan_out(context: JobContext, *, first: str, last: str) -> None:
    """Queue all untried deliveries with ids from `first` to `last`, in transactions of a hundred.

    Run twice it queues twice; the second job of a delivery finds its attempt made and ends.
    """
    position: UUID | None = UUID(first)
    inclusive = True
    while position is not None:
        start, with_it = position, inclusive
        position = context.write(lambda tx: _push_chunk(tx, start, UUID(last), inclusive=with_it))  # noqa: B023
        inclusive = False


FAN_OUT = Job("webhooks.fan_out", run=fan_out, queue="interactive", free=True)


def _push_chunk(tx: WriteTx, start: UUID, last: UUID, *, inclusive: bool) -> UUID | None:
    """Queue up to a hundred; returns where to go on, or None at the end."""
    beyond = WebhookDelivery.id >= start if inclusive else WebhookDelivery.id > start
    rows = tx.all(
        select(WebhookDelivery.id)
        .where(beyond, WebhookDelivery.id <= last)
        .where(WebhookDelivery.status == "PENDING", WebhookDelivery.attempts == 0)
        .order_by(WebhookDelivery.id)
        .limit(_CHUNK)
    )
    for row in rows:
        push(tx, row.id, attempt=0)
    return rows[-1].id if len(rows) == _CHUNK else None
