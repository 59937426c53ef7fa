"""`/api/webhooks`: endpoints, their secrets and their deliveries."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx
from app.platform.webhooks import queries, replay, service
from app.platform.webhooks.errors import (
    WebhookDeliveryNotFound,
    WebhookDeliveryPending,
    WebhookInactive,
    WebhookLimitReached,
    WebhookNotFound,
)
from app.platform.webhooks.permissions import WEBHOOKS_WRITE
from app.platform.webhooks.schemas import (
    AttemptRead,
    DeliveryDetail,
    DeliveryFilter,
    DeliveryRead,
    Redelivered,
    SecretRotate,
    SecretRotated,
    WebhookCreate,
    WebhookCreated,
    WebhookFilter,
    WebhookRead,
    WebhookTestQueued,
    WebhookUpdate,
)

router = Router("/api/webhooks", tags=["Webhooks"])


@router.post("", permission=WEBHOOKS_WRITE, status_code=201, secret=True, errors=[WebhookLimitReached])
def create_webhook(body: WebhookCreate, tx: WriteTx) -> WebhookCreated:
    """Add an endpoint. It gets the events that match its patterns and that the caller may read.

    The answer holds the signing secret (Standard Webhooks); it is never shown again.
    """
    endpoint, secret = service.create(tx, body)
    return WebhookCreated(**WebhookRead.model_validate(endpoint).model_dump(), secret=secret)


@router.get("", permission=WEBHOOKS_WRITE)
def list_webhooks(tx: ReadTx, wanted: Annotated[WebhookFilter, Query()]) -> Page[WebhookRead]:
    """All endpoints of the tenant, oldest first."""
    return page(
        tx,
        queries.endpoints(wanted),
        wanted,
        WebhookRead.model_validate,
        keys=queries.ENDPOINT_KEYS,
        default="id",
    )


@router.get("/{webhook_id:uuid}", permission=WEBHOOKS_WRITE, errors=[WebhookNotFound])
def get_webhook(webhook_id: UUID, tx: ReadTx) -> WebhookRead:
    """One endpoint, without its secret."""
    return WebhookRead.model_validate(tx.one(queries.endpoint(webhook_id), WebhookNotFound))


@router.patch("/{webhook_id:uuid}", permission=WEBHOOKS_WRITE, errors=[WebhookNotFound, PreconditionFailed])
def update_webhook(webhook_id: UUID, body: WebhookUpdate, tx: WriteTx) -> WebhookRead:
    """Change an endpoint. `is_active: true` also ends a switch-off by us."""
    return WebhookRead.model_validate(service.update(tx, webhook_id, body))


@router.delete("/{webhook_id:uuid}", permission=WEBHOOKS_WRITE, errors=[WebhookNotFound, PreconditionFailed])
def delete_webhook(webhook_id: UUID, tx: WriteTx) -> None:
    """Remove an endpoint and its deliveries. What is being sent this moment may still arrive."""
    service.remove(tx, webhook_id)


@router.post(
    "/{webhook_id:uuid}:rotate-secret", permission=WEBHOOKS_WRITE, secret=True, errors=[WebhookNotFound]
)
def rotate_webhook_secret(webhook_id: UUID, body: SecretRotate, tx: WriteTx) -> SecretRotated:
    """A new signing secret. Until the grace ends, messages carry a signature of each, so nothing is refused."""
    secret, until = service.rotate_secret(tx, webhook_id, timedelta(seconds=body.keep_previous_seconds))
    return SecretRotated(secret=secret, previous_valid_until=until)


@router.post(
    "/{webhook_id:uuid}:test",
    permission=WEBHOOKS_WRITE,
    status_code=202,
    errors=[WebhookNotFound, WebhookInactive],
)
def test_webhook(webhook_id: UUID, tx: WriteTx) -> WebhookTestQueued:
    """Send a `webhook.tested` event to this endpoint, whatever its patterns are."""
    return WebhookTestQueued(event_id=service.test(tx, webhook_id))


@router.get("/{webhook_id:uuid}/deliveries", permission=WEBHOOKS_WRITE, errors=[WebhookNotFound])
def list_webhook_deliveries(
    webhook_id: UUID, tx: ReadTx, wanted: Annotated[DeliveryFilter, Query()]
) -> Page[DeliveryRead]:
    """Deliveries of one endpoint, newest first. Payloads are not shown: read the events themselves."""
    tx.one(queries.endpoint(webhook_id), WebhookNotFound)
    statement = queries.deliveries(webhook_id, wanted)
    return page(tx, statement, wanted, queries.as_delivery, keys=queries.DELIVERY_KEYS, default="-id")


@router.get(
    "/{webhook_id:uuid}/deliveries/{delivery_id:uuid}",
    permission=WEBHOOKS_WRITE,
    errors=[WebhookDeliveryNotFound],
)
def get_webhook_delivery(webhook_id: UUID, delivery_id: UUID, tx: ReadTx) -> DeliveryDetail:
    """One delivery with every attempt made."""
    row = tx.one(queries.delivery(webhook_id, delivery_id), WebhookDeliveryNotFound)
    log = [AttemptRead.model_validate(attempt) for attempt in tx.all(queries.attempts(delivery_id))]
    return queries.as_detail(row, log)


@router.post(
    "/{webhook_id:uuid}/deliveries/{delivery_id:uuid}:redeliver",
    permission=WEBHOOKS_WRITE,
    status_code=202,
    errors=[WebhookNotFound, WebhookDeliveryNotFound, WebhookInactive, WebhookDeliveryPending],
)
def redeliver_webhook_delivery(webhook_id: UUID, delivery_id: UUID, tx: WriteTx) -> DeliveryRead:
    """Start one delivery again, dead or delivered, under the same `webhook-id`."""
    replay.redeliver_one(tx, webhook_id, delivery_id)
    tx.flush()
    return queries.as_delivery(tx.one(queries.delivery(webhook_id, delivery_id), WebhookDeliveryNotFound))


@router.post(
    "/{webhook_id:uuid}:redeliver",
    permission=WEBHOOKS_WRITE,
    status_code=202,
    errors=[WebhookNotFound, WebhookInactive],
)
def redeliver_dead_webhook_deliveries(webhook_id: UUID, tx: WriteTx) -> Redelivered:
    """Start all dead deliveries of this endpoint again, the oldest 200 at most; `remaining` says whether to call again."""
    requeued, remaining = replay.redeliver_dead(tx, webhook_id)
    return Redelivered(requeued=requeued, remaining=remaining)
