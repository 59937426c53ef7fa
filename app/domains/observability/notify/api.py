"""Receivers, routes to them, and what was sent."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.observability import permissions as p
from app.domains.observability.errors import (
    NotificationNotFound,
    ReceiverInUse,
    ReceiverNameTaken,
    ReceiverNotFound,
    RouteNotFound,
)
from app.domains.observability.notify import outbox, service
from app.domains.observability.notify.models import NotificationDelivery, NotificationRoute, Receiver
from app.domains.observability.notify.schemas import (
    NotificationFilter,
    NotificationRead,
    ReceiverCreate,
    ReceiverCreated,
    ReceiverPatch,
    ReceiverRead,
    RouteCreate,
    RoutePatch,
    RouteRead,
)
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx

receivers = Router("/api/observability/receivers", tags=["Alerts"])
routes = Router("/api/observability/notification-routes", tags=["Alerts"])
notifications = Router("/api/observability/notifications", tags=["Alerts"])

_RECEIVERS = select(*[column for column in Receiver.__table__.c if column.name != "secret"])
_ROUTES = select(*NotificationRoute.__table__.c)
_SENT = select(*NotificationDelivery.__table__.c)


@receivers.post(
    "", permission=p.OBSERVABILITY_WRITE, status_code=201, secret=True, errors=[ReceiverNameTaken]
)
def create_receiver(body: ReceiverCreate, tx: WriteTx) -> ReceiverCreated:
    """Add a receiver of notifications. The answer holds a webhook's signing secret, which is never shown again."""
    receiver, secret = service.create_receiver(tx, body)
    return ReceiverCreated(**ReceiverRead.model_validate(receiver).model_dump(), secret=secret)


@receivers.get("", permission=p.OBSERVABILITY_READ)
def list_receivers(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[ReceiverRead]:
    """Receivers, oldest first."""
    keys = {"id": Receiver.id, "name": Receiver.name}
    return page(tx, _RECEIVERS, wanted, ReceiverRead.model_validate, keys=keys, default="id")


@receivers.get("/{receiver_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[ReceiverNotFound])
def get_receiver(receiver_id: UUID, tx: ReadTx) -> ReceiverRead:
    """One receiver, without its secret."""
    return ReceiverRead.model_validate(tx.one(_RECEIVERS.where(Receiver.id == receiver_id), ReceiverNotFound))


@receivers.patch(
    "/{receiver_id:uuid}",
    permission=p.OBSERVABILITY_WRITE,
    errors=[ReceiverNotFound, ReceiverNameTaken, PreconditionFailed],
)
def update_receiver(receiver_id: UUID, body: ReceiverPatch, tx: WriteTx) -> ReceiverRead:
    """Change a receiver; it keeps its kind."""
    return ReceiverRead.model_validate(service.change_receiver(tx, receiver_id, body))


@receivers.delete(
    "/{receiver_id:uuid}",
    permission=p.OBSERVABILITY_WRITE,
    errors=[ReceiverNotFound, ReceiverInUse, PreconditionFailed],
)
def delete_receiver(receiver_id: UUID, tx: WriteTx) -> None:
    """Remove a receiver and what was sent to it; refused while a route names it."""
    service.delete_receiver(tx, receiver_id)


@receivers.post(
    "/{receiver_id:uuid}:test",
    permission=p.OBSERVABILITY_WRITE,
    status_code=202,
    errors=[ReceiverNotFound],
)
def test_receiver(receiver_id: UUID, tx: WriteTx) -> NotificationRead:
    """Send a notification without alerts."""
    return _sent(tx, service.test_receiver(tx, receiver_id))


@routes.post("", permission=p.OBSERVABILITY_WRITE, status_code=201, errors=[ReceiverNotFound])
def create_notification_route(body: RouteCreate, tx: WriteTx) -> RouteRead:
    """Send the alerts that fit to a receiver, grouped, and again while nobody takes them on."""
    return RouteRead.model_validate(service.create_route(tx, body))


@routes.get("", permission=p.OBSERVABILITY_READ)
def list_notification_routes(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[RouteRead]:
    """Routes in the order they are asked."""
    keys = {"position": NotificationRoute.position, "id": NotificationRoute.id}
    return page(tx, _ROUTES, wanted, RouteRead.model_validate, keys=keys, default="position")


@routes.get("/{notification_route_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[RouteNotFound])
def get_notification_route(notification_route_id: UUID, tx: ReadTx) -> RouteRead:
    """One route."""
    found = _ROUTES.where(NotificationRoute.id == notification_route_id)
    return RouteRead.model_validate(tx.one(found, RouteNotFound))


@routes.patch(
    "/{notification_route_id:uuid}",
    permission=p.OBSERVABILITY_WRITE,
    errors=[RouteNotFound, ReceiverNotFound, PreconditionFailed],
)
def update_notification_route(notification_route_id: UUID, body: RoutePatch, tx: WriteTx) -> RouteRead:
    """Change a route."""
    return RouteRead.model_validate(service.change_route(tx, notification_route_id, body))


@routes.delete(
    "/{notification_route_id:uuid}",
    permission=p.OBSERVABILITY_WRITE,
    errors=[RouteNotFound, PreconditionFailed],
)
def delete_notification_route(notification_route_id: UUID, tx: WriteTx) -> None:
    """Remove a route."""
    service.delete_route(tx, notification_route_id)


@notifications.get("", permission=p.OBSERVABILITY_READ)
def list_notifications(tx: ReadTx, wanted: Annotated[NotificationFilter, Query()]) -> Page[NotificationRead]:
    """What was sent to whom, newest first, and what came of it."""
    found, d = _SENT, NotificationDelivery
    if wanted.status is not None:
        found = found.where(d.status == wanted.status)
    if wanted.receiver_id is not None:
        found = found.where(d.receiver_id == wanted.receiver_id)
    return page(tx, found, wanted, NotificationRead.model_validate, keys={"id": d.id}, default="-id")


@notifications.get("/{notification_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[NotificationNotFound])
def get_notification(notification_id: UUID, tx: ReadTx) -> NotificationRead:
    """One notification."""
    return _sent(tx, notification_id)


@notifications.post(
    "/{notification_id:uuid}:redeliver",
    permission=p.OBSERVABILITY_WRITE,
    status_code=202,
    errors=[NotificationNotFound],
)
def redeliver_notification(notification_id: UUID, tx: WriteTx) -> NotificationRead:
    """Start a finished notification again, dead or delivered, under the same message id."""
    outbox.redeliver(tx, notification_id)
    return _sent(tx, notification_id)


def _sent(tx: ReadTx, notification_id: UUID) -> NotificationRead:
    found = _SENT.where(NotificationDelivery.id == notification_id)
    return NotificationRead.model_validate(tx.one(found, NotificationNotFound))
