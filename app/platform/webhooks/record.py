"""Writing down what came of an attempt, and what follows from it for the delivery and its endpoint."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import insert, select, update

from app.kernel.events.envelope import ref
from app.kernel.obs.metrics import WEBHOOK_DELIVERIES
from app.kernel.tx import WriteTx
from app.platform.webhooks.egress import Outcome
from app.platform.webhooks.errors import WebhookNotFound
from app.platform.webhooks.events import DeliveryDead, EndpointDisabled
from app.platform.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from app.platform.webhooks.schedule import delay_before, has_failed_too_long


def record(
    tx: WriteTx, delivery_id: UUID, attempt: int, outcome: Outcome, *, started: datetime, luck: float
) -> timedelta | None:
    """Store the attempt and move the delivery on; returns after which pause to try again, None for never.

    Does nothing when this attempt was recorded already (its job ran twice) or the endpoint was deleted.
    """
    delivery = tx.session.scalars(
        select(WebhookDelivery)
        .where(
            WebhookDelivery.id == delivery_id,
            WebhookDelivery.status == "PENDING",
            WebhookDelivery.attempts == attempt,
        )
        .with_for_update()
    ).first()
    if delivery is None:
        return None
    _store_attempt(tx, delivery_id, attempt + 1, outcome, started)
    delivery.attempts = attempt + 1
    delivery.step += 1
    delivery.last_status_code, delivery.last_error = outcome.status_code, outcome.error
    if outcome.delivered:
        delivery.status, delivery.next_attempt_at, delivery.finished_at = "DELIVERED", None, tx.now
        _note_success(tx, delivery.webhook_id)
        WEBHOOK_DELIVERIES.labels("delivered").inc()
        return None
    return _after_failure(tx, delivery, outcome, luck)


def give_up(tx: WriteTx, delivery_id: UUID, reason: str) -> None:
    """End a delivery without (another) attempt."""
    delivery = tx.session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id, WebhookDelivery.status == "PENDING")
        .with_for_update()
    ).first()
    if delivery is not None:
        _bury(tx, delivery, reason)


def _store_attempt(tx: WriteTx, delivery_id: UUID, number: int, outcome: Outcome, started: datetime) -> None:
    tx.execute(
        insert(WebhookAttempt).values(
            tenant_id=tx.tenant_id,
            delivery_id=delivery_id,
            number=number,
            at=started,
            status_code=outcome.status_code,
            error=outcome.error,
            address=outcome.address,
            duration_ms=outcome.duration_ms,
        )
    )


def _note_success(tx: WriteTx, webhook_id: UUID) -> None:
    tx.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == webhook_id, WebhookEndpoint.failing_since.is_not(None))
        .values(failing_since=None)
    )


def _after_failure(tx: WriteTx, delivery: WebhookDelivery, outcome: Outcome, luck: float) -> timedelta | None:
    endpoint = tx.get(
        select(WebhookEndpoint).where(WebhookEndpoint.id == delivery.webhook_id).with_for_update(),
        WebhookNotFound,
    )
    endpoint.failing_since = endpoint.failing_since or tx.now
    reason = outcome.error or f"answered {outcome.status_code}"
    pause = delay_before(delivery.step, luck)
    if outcome.gone:
        _disable(tx, endpoint, "GONE")
    elif has_failed_too_long(endpoint.failing_since, tx.now):
        _disable(tx, endpoint, "FAILING")
    if outcome.gone or not endpoint.is_active or pause is None:
        _bury(tx, delivery, reason)
        return None
    WEBHOOK_DELIVERIES.labels("failed").inc()
    delivery.next_attempt_at = tx.now + pause
    return pause


def _disable(tx: WriteTx, endpoint: WebhookEndpoint, reason: Literal["GONE", "FAILING"]) -> None:
    if not endpoint.is_active:
        return
    endpoint.is_active, endpoint.disabled_reason = False, reason
    endpoint.version += 1
    endpoint.updated_at = tx.now
    tx.emit(
        EndpointDisabled(webhook_id=endpoint.id, reason=reason),
        subject=ref("webhook", endpoint.id),
        before={"is_active": True},
        after={"is_active": False, "disabled_reason": reason},
    )


def _bury(tx: WriteTx, delivery: WebhookDelivery, reason: str) -> None:
    delivery.status, delivery.next_attempt_at, delivery.finished_at = "DEAD", None, tx.now
    delivery.last_error = reason
    WEBHOOK_DELIVERIES.labels("dead").inc()
    tx.emit(
        DeliveryDead(
            webhook_id=delivery.webhook_id,
            delivery_id=delivery.id,
            about_event_id=delivery.event_id,
            about_event_type=delivery.event_type,
            attempts=delivery.attempts,
            error=reason,
        ),
        subject=ref("webhook_delivery", delivery.id),
        related=[ref("webhook", delivery.webhook_id)],
    )
