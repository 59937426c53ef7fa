"""Deliveries: queued with the transaction that decided on them, sent by a job, tried again, and given up at last."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.observability.errors import NotificationNotFound
from app.domains.observability.events import NotificationDead
from app.domains.observability.notify.models import NotificationDelivery, Receiver
from app.domains.observability.notify.send import Letter, Result, send
from app.kernel.events.envelope import ref
from app.kernel.jobs.engine import Job, JobContext, enqueue
from app.kernel.tx import WriteTx

ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
LOST_AFTER = timedelta(minutes=5)


def pause_after(attempts: int, luck: float) -> timedelta | None:
    """10 s, 40 s, 160 s… up to an hour, spread by ±20 %; None when it was tried often enough. `luck` in [0, 1)."""
    if attempts >= ATTEMPTS:
        return None
    pause = min(FIRST_PAUSE * float(4 ** (attempts - 1)), LONGEST_PAUSE)
    return pause * (0.8 + 0.4 * luck)


def queue_delivery(tx: WriteTx, receiver_id: UUID, document: dict[str, Any], *, reason: str) -> UUID:
    """Store a notification for a receiver and queue its first attempt."""
    delivery = tx.add(
        NotificationDelivery(
            receiver_id=receiver_id,
            reason=reason,
            status="PENDING",
            attempts=0,
            next_attempt_at=tx.now,
            payload=document,
            created_at=tx.now,
        )
    )
    _push(tx, delivery.id, 0)
    return delivery.id


def deliver(context: JobContext, *, delivery_id: str, attempt: int) -> None:
    """Make attempt number `attempt` (from 0), unless it was made already. A killed worker's attempt is made again,
    under the same message id."""
    row_id = UUID(delivery_id)
    letter = context.write(lambda tx: _prepare(tx, row_id, attempt))
    if letter is None:
        return
    result = send(letter)
    context.write(lambda tx: _record(tx, row_id, attempt, result))


DELIVER = Job("observability.deliver_notification", deliver, free=True)


def requeue_lost(tx: WriteTx) -> None:
    """Queue once more what should have been tried five minutes ago: its job was lost."""
    d = NotificationDelivery
    late = tx.all(
        select(d.id, d.attempts)
        .where(d.status == "PENDING", d.next_attempt_at < tx.now - LOST_AFTER)
        .limit(500)
    )
    for row in late:
        enqueue(tx, DELIVER, once=f"{row.id}:{row.attempts}", delivery_id=str(row.id), attempt=row.attempts)


def redeliver(tx: WriteTx, delivery_id: UUID) -> NotificationDelivery:
    """Start a finished delivery again, with all its attempts. Raises `NotificationNotFound`."""
    delivery = tx.get(
        select(NotificationDelivery).where(NotificationDelivery.id == delivery_id).with_for_update(),
        NotificationNotFound,
    )
    if delivery.status != "PENDING":
        delivery.status, delivery.attempts = "PENDING", 0
        delivery.next_attempt_at, delivery.finished_at = tx.now, None
        tx.flush()
        _push(tx, delivery.id, 0)
    return delivery


def _push(tx: WriteTx, delivery_id: UUID, attempt: int, after: timedelta | None = None) -> None:
    enqueue(tx, DELIVER, after=after, delivery_id=str(delivery_id), attempt=attempt)


def _locked(tx: WriteTx, delivery_id: UUID, attempt: int) -> NotificationDelivery | None:
    d = NotificationDelivery
    wanted = select(d).where(d.id == delivery_id, d.status == "PENDING", d.attempts == attempt)
    found = tx.objects(wanted.with_for_update())
    return found[0] if found else None


def _prepare(tx: WriteTx, delivery_id: UUID, attempt: int) -> Letter | None:
    delivery = _locked(tx, delivery_id, attempt)
    if delivery is None:
        return None
    receiver = tx.objects(select(Receiver).where(Receiver.id == delivery.receiver_id))[0]
    if not receiver.is_active:
        _bury(tx, delivery, "the receiver is switched off")
        return None
    return Letter(
        delivery.id, receiver.name, receiver.kind, receiver.config, receiver.secret, delivery.payload
    )


def _record(tx: WriteTx, delivery_id: UUID, attempt: int, result: Result) -> None:
    delivery = _locked(tx, delivery_id, attempt)
    if delivery is None:
        return
    delivery.attempts = attempt + 1
    delivery.last_status_code, delivery.last_error = result.status_code, result.error
    if result.error is None:
        delivery.status, delivery.next_attempt_at, delivery.finished_at = "DELIVERED", None, tx.now
        tx.flush()
        return
    pause = None if result.final else pause_after(attempt + 1, random.random())  # noqa: S311 it spreads load
    if pause is None:
        _bury(tx, delivery, result.error)
        return
    delivery.next_attempt_at = tx.now + pause
    tx.flush()
    _push(tx, delivery.id, attempt + 1, pause)


def _bury(tx: WriteTx, delivery: NotificationDelivery, reason: str) -> None:
    delivery.status, delivery.next_attempt_at, delivery.finished_at = "DEAD", None, tx.now
    delivery.last_error = reason
    tx.flush()
    tx.emit(
        NotificationDead(delivery_id=delivery.id, receiver_id=delivery.receiver_id, reason=reason),
        subject=ref("notification", delivery.id),
        related=[ref("alert", alert["id"]) for alert in delivery.payload["alerts"]],
    )
