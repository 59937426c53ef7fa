"""Use cases of webhook endpoints."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx
from app.platform.webhooks import signing
from app.platform.webhooks.config import current
from app.platform.webhooks.egress import refusal
from app.platform.webhooks.errors import WebhookInactive, WebhookLimitReached, WebhookNotFound
from app.platform.webhooks.events import (
    EndpointCreated,
    EndpointDeleted,
    EndpointSecretRotated,
    EndpointTested,
    EndpointUpdated,
)
from app.platform.webhooks.models import WebhookEndpoint, WebhookSecret
from app.platform.webhooks.schemas import WebhookCreate, WebhookUpdate

MAX_ENDPOINTS = 50
_SECRETS_KEPT = 3
_SHOWN = ("url", "event_types", "description", "owner", "is_active")


def create(tx: WriteTx, data: WebhookCreate) -> tuple[WebhookEndpoint, str]:
    """A new endpoint of the caller, and its secret in the clear (the only time it is seen).

    Raises `ValidationFailed` for an URL we would not call, and `WebhookLimitReached`.
    """
    _check_url(data.url)
    if (tx.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0) >= MAX_ENDPOINTS:
        raise WebhookLimitReached(f"A tenant has at most {MAX_ENDPOINTS} webhooks.", limit=MAX_ENDPOINTS)
    endpoint = tx.add(
        WebhookEndpoint(
            url=data.url,
            event_types=_unique(data.event_types),
            description=data.description,
            owner=tx.actor,
            is_active=data.is_active,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    secret = _add_secret(tx, endpoint.id)
    tx.emit(
        EndpointCreated(webhook_id=endpoint.id, url=endpoint.url, event_types=endpoint.event_types),
        subject=ref("webhook", endpoint.id),
        after=_shown(endpoint),
    )
    return endpoint, secret


def lock(tx: WriteTx, webhook_id: UUID) -> WebhookEndpoint:
    """The endpoint, locked until the end of the transaction. Raises `WebhookNotFound`."""
    return tx.get(
        select(WebhookEndpoint).where(WebhookEndpoint.id == webhook_id).with_for_update(), WebhookNotFound
    )


def lock_active(tx: WriteTx, webhook_id: UUID) -> WebhookEndpoint:
    """The endpoint, locked. Raises `WebhookNotFound` or `WebhookInactive`."""
    endpoint = lock(tx, webhook_id)
    if not endpoint.is_active:
        raise WebhookInactive("Set is_active first.")
    return endpoint


def update(tx: WriteTx, webhook_id: UUID, data: WebhookUpdate) -> WebhookEndpoint:
    """Change what is given. Whoever says where events go, or which, becomes the owner whose rights count.

    Raises `WebhookNotFound`, `PreconditionFailed` or `ValidationFailed`.
    """
    endpoint = lock(tx, webhook_id)
    tx.match(endpoint)
    before = _shown(endpoint)
    if data.url is not None:
        _check_url(data.url)
        endpoint.url, endpoint.owner = data.url, tx.actor
    if data.event_types is not None:
        endpoint.event_types, endpoint.owner = _unique(data.event_types), tx.actor
    if data.description is not None:
        endpoint.description = data.description
    if data.is_active is not None and data.is_active != endpoint.is_active:
        endpoint.is_active, endpoint.failing_since, endpoint.disabled_reason = data.is_active, None, None
    after = _shown(endpoint)
    fields = [name for name in _SHOWN if before[name] != after[name]]
    if fields:
        endpoint.version += 1
        endpoint.updated_at = tx.now
        tx.flush()
        tx.emit(
            EndpointUpdated(webhook_id=endpoint.id, fields=fields),
            subject=ref("webhook", endpoint.id),
            before={name: before[name] for name in fields},
            after={name: after[name] for name in fields},
        )
    return endpoint


def remove(tx: WriteTx, webhook_id: UUID) -> None:
    """Delete the endpoint with its secrets, deliveries and attempts."""
    endpoint = lock(tx, webhook_id)
    tx.match(endpoint)
    tx.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == webhook_id))
    tx.emit(
        EndpointDeleted(webhook_id=webhook_id, url=endpoint.url),
        subject=ref("webhook", webhook_id),
        before=_shown(endpoint),
    )


def rotate_secret(tx: WriteTx, webhook_id: UUID, keep_previous: timedelta) -> tuple[str, datetime]:
    """A new secret beside the ones before; those sign along until the returned moment, at most two of them."""
    lock(tx, webhook_id)
    until = tx.now + keep_previous
    kept = tx.objects(
        select(WebhookSecret).where(WebhookSecret.webhook_id == webhook_id).order_by(WebhookSecret.id.desc())
    )
    for position, secret in enumerate(kept, 2):
        ended = secret.expires_at is not None and secret.expires_at <= tx.now
        if ended or position > _SECRETS_KEPT:
            tx.session.delete(secret)
        else:
            secret.expires_at = min(until, secret.expires_at or until)
    fresh = _add_secret(tx, webhook_id)
    tx.emit(EndpointSecretRotated(webhook_id=webhook_id), subject=ref("webhook", webhook_id))
    return fresh, until


def test(tx: WriteTx, webhook_id: UUID) -> UUID:
    """Send a test event to this endpoint; returns the event's id. Raises `WebhookInactive`."""
    lock_active(tx, webhook_id)
    return tx.emit(EndpointTested(webhook_id=webhook_id), subject=ref("webhook", webhook_id))


def _check_url(url: str) -> None:
    settings = current()
    reason = refusal(url, allow_http=settings.profile == "dev", allow_private=settings.egress_allow_private)
    if reason is not None:
        raise invalid("url", "url_refused", reason)


def _add_secret(tx: WriteTx, webhook_id: UUID) -> str:
    secret = signing.new_secret()
    tx.add(WebhookSecret(webhook_id=webhook_id, ciphertext=signing.encrypt(secret), created_at=tx.now))
    return secret


def _unique(patterns: list[str]) -> list[str]:
    return list(dict.fromkeys(patterns))


def _shown(endpoint: WebhookEndpoint) -> dict[str, object]:
    return {name: getattr(endpoint, name) for name in _SHOWN}
