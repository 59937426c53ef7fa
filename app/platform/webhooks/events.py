"""What happens to webhook endpoints. A single attempt is no event; its record is read under the delivery."""

from typing import Literal
from uuid import UUID

from app.kernel.events.envelope import Event
from app.platform.webhooks.permissions import WEBHOOKS_WRITE

DELIVERY_EVENTS = "webhook.delivery."
"""Events about deliveries never travel by webhook: two failing endpoints would feed each other for ever."""


class EndpointCreated(Event, type="webhook.created", permission=WEBHOOKS_WRITE):
    """A webhook endpoint was added."""

    webhook_id: UUID
    url: str
    event_types: list[str]


class EndpointUpdated(Event, type="webhook.updated", permission=WEBHOOKS_WRITE):
    """A webhook endpoint was changed; `fields` names what."""

    webhook_id: UUID
    fields: list[str]


class EndpointDeleted(Event, type="webhook.deleted", permission=WEBHOOKS_WRITE):
    """A webhook endpoint was removed, with its deliveries."""

    webhook_id: UUID
    url: str


class EndpointDisabled(Event, type="webhook.disabled", permission=WEBHOOKS_WRITE):
    """An endpoint was switched off by us: it answered 410, or nothing but failures for five days."""

    webhook_id: UUID
    reason: Literal["GONE", "FAILING"]


class EndpointSecretRotated(Event, type="webhook.secret_rotated", permission=WEBHOOKS_WRITE):
    """An endpoint got a new signing secret. The event names none."""

    webhook_id: UUID


class EndpointTested(Event, type="webhook.tested", permission=WEBHOOKS_WRITE):
    """A test delivery was asked for; it goes to this endpoint whatever its patterns are."""

    webhook_id: UUID


class DeliveriesReplayed(Event, type="webhook.delivery.replayed", permission=WEBHOOKS_WRITE):
    """Deliveries were put back in line: one, or all dead ones."""

    webhook_id: UUID
    count: int
    delivery_id: UUID | None


class DeliveryDead(Event, type="webhook.delivery.dead", permission=WEBHOOKS_WRITE):
    """A delivery was given up. It is kept and can be replayed."""

    webhook_id: UUID
    delivery_id: UUID
    about_event_id: UUID
    about_event_type: str
    attempts: int
    error: str
