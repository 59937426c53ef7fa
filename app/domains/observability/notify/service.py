"""Use cases of receivers and routes."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.observability.errors import ReceiverNotFound, RouteNotFound
from app.domains.observability.events import (
    ReceiverCreated,
    ReceiverDeleted,
    ReceiverUpdated,
    RouteCreated,
    RouteDeleted,
    RouteUpdated,
)
from app.domains.observability.notify.models import NotificationRoute, Receiver
from app.domains.observability.notify.outbox import queue_delivery
from app.domains.observability.notify.payload import notification
from app.domains.observability.notify.schemas import (
    AlertmanagerTarget,
    EmailTarget,
    ReceiverCreate,
    ReceiverPatch,
    RouteCreate,
    RoutePatch,
    WebhookTarget,
)
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx
from app.platform import webhooks

AnyTarget = WebhookTarget | EmailTarget | AlertmanagerTarget


def create_receiver(tx: WriteTx, data: ReceiverCreate) -> tuple[Receiver, str | None]:
    """The receiver, and a webhook's signing secret. 422 for a URL we would not call."""
    _check(data.target)
    secret = _fresh_secret(data.target)
    receiver = tx.add(
        Receiver(
            name=data.name,
            kind=data.target.kind,
            is_active=data.is_active,
            config=_config(data.target),
            secret=webhooks.encrypt(secret) if secret else None,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit(
        ReceiverCreated(receiver_id=receiver.id, name=receiver.name, kind=receiver.kind),
        subject=ref("receiver", receiver.id),
        after=_shown(receiver),
    )
    return receiver, secret if receiver.kind == "webhook" else None


def change_receiver(tx: WriteTx, receiver_id: UUID, data: ReceiverPatch) -> Receiver:
    """Raises `ReceiverNotFound`; 422 for a change of kind and for a URL we would not call."""
    receiver = lock_receiver(tx, receiver_id)
    before = _shown(receiver)
    receiver.name = data.name or receiver.name
    receiver.is_active = receiver.is_active if data.is_active is None else data.is_active
    if data.target is not None:
        if data.target.kind != receiver.kind:
            raise invalid("target/kind", "kind_fixed", "A receiver keeps its kind: make another one.")
        _check(data.target)
        receiver.config = _config(data.target)
        if isinstance(data.target, AlertmanagerTarget):
            token = _fresh_secret(data.target)
            receiver.secret = webhooks.encrypt(token) if token else None
    receiver.version += 1
    receiver.updated_at = tx.now
    tx.flush()
    tx.emit(
        ReceiverUpdated(receiver_id=receiver.id, name=receiver.name, kind=receiver.kind),
        subject=ref("receiver", receiver.id),
        before=before,
        after=_shown(receiver),
    )
    return receiver


def delete_receiver(tx: WriteTx, receiver_id: UUID) -> None:
    """Remove it with its deliveries; the database refuses while a route names it. Raises `ReceiverNotFound`."""
    receiver = lock_receiver(tx, receiver_id)
    tx.session.delete(receiver)
    tx.flush()
    tx.emit(
        ReceiverDeleted(receiver_id=receiver.id, name=receiver.name, kind=receiver.kind),
        subject=ref("receiver", receiver.id),
        before=_shown(receiver),
    )


def test_receiver(tx: WriteTx, receiver_id: UUID) -> UUID:
    """Queue a notification without alerts; the delivery's id. Raises `ReceiverNotFound`."""
    receiver = lock_receiver(tx, receiver_id, match=False)
    document = notification(ref("receiver", receiver.id), {}, [], reason="test")
    return queue_delivery(tx, receiver.id, document, reason="test")


def create_route(tx: WriteTx, data: RouteCreate) -> NotificationRoute:
    """Raises `ReceiverNotFound`."""
    lock_receiver(tx, data.receiver_id, match=False)
    fields = data.model_dump(mode="json") | {"receiver_id": data.receiver_id}
    route = tx.add(NotificationRoute(**fields, created_at=tx.now, updated_at=tx.now))
    tx.emit(
        RouteCreated(route_id=route.id, receiver_id=route.receiver_id),
        subject=ref("route", route.id),
        related=[ref("receiver", route.receiver_id)],
        after=data.model_dump(mode="json"),
    )
    return route


def change_route(tx: WriteTx, route_id: UUID, data: RoutePatch) -> NotificationRoute:
    """Raises `RouteNotFound`, `ReceiverNotFound`."""
    route = _locked_route(tx, route_id)
    changes = data.model_dump(mode="json", exclude_none=True)
    before = {name: _plain(getattr(route, name)) for name in changes}
    if data.receiver_id is not None:
        lock_receiver(tx, data.receiver_id, match=False)
    for name, value in changes.items():
        setattr(route, name, data.receiver_id if name == "receiver_id" else value)
    route.version += 1
    route.updated_at = tx.now
    tx.flush()
    tx.emit(
        RouteUpdated(route_id=route.id, receiver_id=route.receiver_id),
        subject=ref("route", route.id),
        before=before,
        after=changes,
    )
    return route


def delete_route(tx: WriteTx, route_id: UUID) -> None:
    """Remove a route and its groups; what was queued is still sent. Raises `RouteNotFound`."""
    route = _locked_route(tx, route_id)
    tx.session.delete(route)
    tx.flush()
    tx.emit(RouteDeleted(route_id=route.id, receiver_id=route.receiver_id), subject=ref("route", route.id))


def lock_receiver(tx: WriteTx, receiver_id: UUID, *, match: bool = True) -> Receiver:
    """Raises `ReceiverNotFound`, and `PreconditionFailed` where `If-Match` is about the receiver."""
    receiver = tx.get(select(Receiver).where(Receiver.id == receiver_id).with_for_update(), ReceiverNotFound)
    if match:
        tx.match(receiver)
    return receiver


def _locked_route(tx: WriteTx, route_id: UUID) -> NotificationRoute:
    route = tx.get(
        select(NotificationRoute).where(NotificationRoute.id == route_id).with_for_update(), RouteNotFound
    )
    tx.match(route)
    return route


def _check(target: AnyTarget) -> None:
    if isinstance(target, EmailTarget):
        return
    settings = webhooks.settings()
    reason = webhooks.refusal(
        target.url, allow_http=settings.profile == "dev", allow_private=settings.egress_allow_private
    )
    if reason is not None:
        raise invalid("target/url", "url_refused", reason)


def _fresh_secret(target: AnyTarget) -> str | None:
    if isinstance(target, WebhookTarget):
        return webhooks.new_secret()
    if isinstance(target, AlertmanagerTarget) and target.bearer_token is not None:
        return target.bearer_token.get_secret_value()
    return None


def _config(target: AnyTarget) -> dict[str, Any]:
    return target.model_dump(mode="json", exclude={"kind", "bearer_token"})


def _shown(receiver: Receiver) -> dict[str, Any]:
    return {"name": receiver.name, "is_active": receiver.is_active, "config": receiver.config}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
