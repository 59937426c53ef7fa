"""From sealed events to deliveries, inside the sealing transaction: no event can be sealed and not queued."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, insert, select

from app.kernel.events.envelope import Envelope
from app.kernel.ids import new_id
from app.kernel.tx import WriteTx
from app.platform.webhooks.events import EndpointTested
from app.platform.webhooks.fan_out import push_all
from app.platform.webhooks.models import WebhookDelivery, WebhookEndpoint
from app.platform.webhooks.readers import matches, may_read, permissions_of

_ACTIVE = select(WebhookEndpoint.id, WebhookEndpoint.event_types, WebhookEndpoint.owner).where(
    WebhookEndpoint.is_active
)


def create_deliveries(tx: WriteTx, envelopes: Sequence[Envelope]) -> None:
    """One delivery for every pair of event and endpoint that fits, and what makes it go. An `Outlet` of the relay."""
    endpoints = tx.all(_ACTIVE)
    if not endpoints:
        return
    held = permissions_of(tx, (endpoint.owner for endpoint in endpoints))
    pairs = [
        (endpoint.id, event)
        for event in envelopes
        for endpoint in endpoints
        if _wanted(endpoint, event) and may_read(held[endpoint.owner], event.type)
    ]
    if pairs:
        _store(tx, pairs)


def _wanted(endpoint: Row[tuple[UUID, list[str], str]], event: Envelope) -> bool:
    if event.type == EndpointTested.event_type:
        return event.payload["webhook_id"] == str(endpoint.id)
    return matches(endpoint.event_types, event.type)


def _store(tx: WriteTx, pairs: Sequence[tuple[UUID, Envelope]]) -> None:
    ids = [new_id() for _ in pairs]
    rows = [
        {
            "tenant_id": tx.tenant_id,
            "id": delivery_id,
            "webhook_id": endpoint_id,
            "event_id": event.id,
            "event_type": event.type,
            "status": "PENDING",
            "attempts": 0,
            "step": 0,
            "next_attempt_at": tx.now,
            "created_at": tx.now,
        }
        for delivery_id, (endpoint_id, event) in zip(ids, pairs, strict=True)
    ]
    tx.execute(insert(WebhookDelivery), rows)
    push_all(tx, ids)
