"""Putting deliveries back in line, and the upkeep of those that nobody looks after."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from app.kernel.events.envelope import ref
from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx
from app.platform.webhooks.delivery import push
from app.platform.webhooks.errors import WebhookDeliveryNotFound, WebhookDeliveryPending
from app.platform.webhooks.events import DeliveriesReplayed
from app.platform.webhooks.models import WebhookDelivery
from app.platform.webhooks.service import lock_active

REPLAY_LIMIT = 200
OVERDUE_AFTER = timedelta(minutes=15)
KEPT_FOR = timedelta(days=30)


def redeliver_one(tx: WriteTx, webhook_id: UUID, delivery_id: UUID) -> None:
    """Start one delivery's schedule again, under the same message id.

    Raises `WebhookNotFound`, `WebhookInactive`, `WebhookDeliveryNotFound` or `WebhookDeliveryPending`.
    """
    lock_active(tx, webhook_id)
    delivery = tx.get(
        select(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.id == delivery_id)
        .with_for_update(),
        WebhookDeliveryNotFound,
    )
    if delivery.status == "PENDING":
        planned = delivery.next_attempt_at
        raise WebhookDeliveryPending(
            "It is being tried already.", next_attempt_at=planned.isoformat() if planned else None
        )
    _requeue(tx, delivery)
    _note(tx, webhook_id, 1, delivery_id)


def redeliver_dead(tx: WriteTx, webhook_id: UUID) -> tuple[int, int]:
    """Start all dead deliveries again, oldest first, up to a limit; returns how many, and how many are left."""
    lock_active(tx, webhook_id)
    dead = (WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.status == "DEAD")
    found = tx.objects(
        select(WebhookDelivery)
        .where(*dead)
        .order_by(WebhookDelivery.id)
        .limit(REPLAY_LIMIT)
        .with_for_update()
    )
    for delivery in found:
        _requeue(tx, delivery)
    tx.flush()
    left = tx.scalar(select(func.count()).select_from(WebhookDelivery).where(*dead)) or 0
    if found:
        _note(tx, webhook_id, len(found), None)
    return len(found), left


def sweep(tx: WriteTx) -> None:
    """Queue pending deliveries whose job was lost, and drop delivered ones after a month.

    A job that only waits longer than `OVERDUE_AFTER` gets a twin here; the twin finds its attempt made and ends.
    """
    overdue = tx.all(
        select(WebhookDelivery.id, WebhookDelivery.attempts)
        .where(WebhookDelivery.status == "PENDING", WebhookDelivery.next_attempt_at < tx.now - OVERDUE_AFTER)
        .order_by(WebhookDelivery.next_attempt_at)
        .limit(REPLAY_LIMIT)
    )
    for row in overdue:
        push(tx, row.id, attempt=row.attempts, once=f"webhook_delivery:{row.id}:{row.attempts}")
    old = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.status == "DELIVERED", WebhookDelivery.finished_at < tx.now - KEPT_FOR)
        .order_by(WebhookDelivery.finished_at)
        .limit(REPLAY_LIMIT)
    )
    tx.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(old)))


SWEEP = Job("webhooks.sweep", run=sweep, queue="batch", cron="*/5 * * * *")


def _requeue(tx: WriteTx, delivery: WebhookDelivery) -> None:
    delivery.status, delivery.step, delivery.next_attempt_at, delivery.finished_at = (
        "PENDING",
        0,
        tx.now,
        None,
    )
    push(tx, delivery.id, attempt=delivery.attempts)


def _note(tx: WriteTx, webhook_id: UUID, count: int, delivery_id: UUID | None) -> None:
    related = [ref("webhook_delivery", delivery_id)] if delivery_id else []
    tx.emit(
        DeliveriesReplayed(webhook_id=webhook_id, count=count, delivery_id=delivery_id),
        subject=ref("webhook", webhook_id),
        related=related,
    )
