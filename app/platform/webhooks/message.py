"""What one attempt sends, read in one short transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, or_, select

from app.kernel.problem import NotFound
from app.kernel.tx import WriteTx
from app.platform import events
from app.platform.webhooks import signing
from app.platform.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookSecret
from app.platform.webhooks.queries import message_id
from app.platform.webhooks.readers import may_read, permissions_of
from app.platform.webhooks.record import give_up


@dataclass(frozen=True, slots=True)
class Message:
    """Complete: nothing more is read while sending. `attempt` counts the attempts made before this one."""

    delivery_id: UUID
    webhook_id: UUID
    attempt: int
    url: str
    body: str
    secrets: tuple[str, ...]

    def headers(self, at: datetime) -> dict[str, str]:
        """Signed headers; the id is the same for every attempt, for one delivery is one event at one endpoint."""
        return signing.headers(message_id(self.delivery_id), at, self.body, self.secrets)


def prepare(tx: WriteTx, delivery_id: UUID, attempt: int) -> Message | None:
    """The message of attempt number `attempt`; None when that attempt was made already or may not be made.

    The owner's rights are asked again here: they may have changed, and so may the owner, since the event.
    """
    found = tx.first(
        select(WebhookDelivery.webhook_id, WebhookDelivery.event_id, WebhookDelivery.event_type).where(
            WebhookDelivery.id == delivery_id,
            WebhookDelivery.status == "PENDING",
            WebhookDelivery.attempts == attempt,
        )
    )
    if found is None:
        return None
    endpoint = tx.one(
        select(WebhookEndpoint.url, WebhookEndpoint.owner, WebhookEndpoint.is_active).where(
            WebhookEndpoint.id == found.webhook_id
        ),
        NotFound,
    )
    reason = _obstacle(tx, endpoint, found.event_type)
    secrets: tuple[str, ...] = ()
    if reason is None:
        try:
            secrets = live_secrets(tx, found.webhook_id)
        except signing.SecretUnreadable:
            reason = "the signing secret was encrypted under another secret key; rotate it"
    if reason is not None:
        give_up(tx, delivery_id, reason)
        return None
    return Message(delivery_id, found.webhook_id, attempt, endpoint.url, _body(tx, found.event_id), secrets)


def live_secrets(tx: WriteTx, webhook_id: UUID) -> tuple[str, ...]:
    """The secrets to sign with, newest first: the current one and those whose grace has not ended."""
    rows = tx.all(
        select(WebhookSecret.ciphertext)
        .where(
            WebhookSecret.webhook_id == webhook_id,
            or_(WebhookSecret.expires_at.is_(None), WebhookSecret.expires_at > tx.now),
        )
        .order_by(WebhookSecret.id.desc())
    )
    return tuple(signing.decrypt(row.ciphertext) for row in rows)


def _obstacle(tx: WriteTx, endpoint: Row[tuple[str, str, bool]], event_type: str) -> str | None:
    if not endpoint.is_active:
        return "the endpoint is inactive"
    if not may_read(permissions_of(tx, [endpoint.owner])[endpoint.owner], event_type):
        return "the endpoint's owner may not read this event"
    return None


def _body(tx: WriteTx, event_id: UUID) -> str:
    event = events.read_event(tx, event_id)
    if event is None:
        raise NotFound(f"There is no event {event_id}.")
    return event.model_dump_json()
