"""What the webhook routes read."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select

from app.platform.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from app.platform.webhooks.schemas import (
    AttemptRead,
    DeliveryDetail,
    DeliveryFilter,
    DeliveryRead,
    WebhookFilter,
)

ENDPOINT_KEYS: dict[str, ColumnElement[Any]] = {
    "created_at": WebhookEndpoint.created_at.expression,
    "id": WebhookEndpoint.id.expression,
}
DELIVERY_KEYS: dict[str, ColumnElement[Any]] = {"id": WebhookDelivery.id.expression}

_ENDPOINT: tuple[Any, ...] = (
    WebhookEndpoint.id,
    WebhookEndpoint.url,
    WebhookEndpoint.event_types,
    WebhookEndpoint.description,
    WebhookEndpoint.owner,
    WebhookEndpoint.is_active,
    WebhookEndpoint.disabled_reason,
    WebhookEndpoint.failing_since,
    WebhookEndpoint.version,
    WebhookEndpoint.created_at,
    WebhookEndpoint.updated_at,
)
_DELIVERY: tuple[Any, ...] = (
    WebhookDelivery.id,
    WebhookDelivery.webhook_id,
    WebhookDelivery.event_id,
    WebhookDelivery.event_type,
    WebhookDelivery.status,
    WebhookDelivery.attempts,
    WebhookDelivery.next_attempt_at,
    WebhookDelivery.last_status_code,
    WebhookDelivery.last_error,
    WebhookDelivery.created_at,
    WebhookDelivery.finished_at,
)
_ATTEMPT: tuple[Any, ...] = (
    WebhookAttempt.number,
    WebhookAttempt.at,
    WebhookAttempt.status_code,
    WebhookAttempt.error,
    WebhookAttempt.address,
    WebhookAttempt.duration_ms,
)


def endpoints(wanted: WebhookFilter) -> Select[Any]:
    if wanted.is_active is None:
        return select(*_ENDPOINT)
    return select(*_ENDPOINT).where(WebhookEndpoint.is_active == wanted.is_active)


def endpoint(webhook_id: UUID) -> Select[Any]:
    return select(*_ENDPOINT).where(WebhookEndpoint.id == webhook_id)


def deliveries(webhook_id: UUID, wanted: DeliveryFilter) -> Select[Any]:
    found = select(*_DELIVERY).where(WebhookDelivery.webhook_id == webhook_id)
    if wanted.status is not None:
        found = found.where(WebhookDelivery.status == wanted.status)
    if wanted.event_type is not None:
        found = found.where(WebhookDelivery.event_type == wanted.event_type)
    if wanted.event_id is not None:
        found = found.where(WebhookDelivery.event_id == wanted.event_id)
    return found


def delivery(webhook_id: UUID, delivery_id: UUID) -> Select[Any]:
    return select(*_DELIVERY).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.id == delivery_id
    )


def attempts(delivery_id: UUID) -> Select[Any]:
    return select(*_ATTEMPT).where(WebhookAttempt.delivery_id == delivery_id).order_by(WebhookAttempt.number)


def message_id(delivery_id: UUID) -> str:
    """The `webhook-id` of a delivery: the same for every attempt, one per event and endpoint."""
    return f"msg_{delivery_id.hex}"


def as_delivery(row: Row[Any]) -> DeliveryRead:
    return DeliveryRead.model_validate({**row._mapping, "message_id": message_id(row.id)})  # noqa: SLF001 public API


def as_detail(row: Row[Any], log: list[AttemptRead]) -> DeliveryDetail:
    return DeliveryDetail(**as_delivery(row).model_dump(), attempt_log=log)
