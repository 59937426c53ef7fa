"""`/api/observability/alerts`."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.observability import permissions as p
from app.domains.observability.alerts import queries, service
from app.domains.observability.alerts.schemas import (
    AlertAck,
    AlertClose,
    AlertFilter,
    AlertRead,
    AlertSilence,
)
from app.domains.observability.errors import AlertClosed, AlertNotFound
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability/alerts", tags=["Alerts"])

_REFUSALS = [AlertNotFound, AlertClosed, PreconditionFailed]


@router.get("", permission=p.OBSERVABILITY_READ)
def list_alerts(tx: ReadTx, wanted: Annotated[AlertFilter, Query()]) -> Page[AlertRead]:
    """Alerts, newest first."""
    statement, values = queries.listed(wanted)
    of = partial(AlertRead.of, now=tx.now)
    return page(tx, statement, wanted, of, keys=queries.SORT, default="-created_at", values=values)


@router.get("/{alert_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[AlertNotFound])
def get_alert(alert_id: UUID, tx: ReadTx) -> AlertRead:
    """One alert."""
    return _read(tx, alert_id)


@router.post("/{alert_id:uuid}:ack", permission=p.OBSERVABILITY_WRITE, errors=_REFUSALS)
def ack_alert(alert_id: UUID, tx: WriteTx, body: AlertAck | None = None) -> AlertRead:
    """Take an alert on: escalation stops."""
    service.ack(tx, alert_id, body or AlertAck())
    return _read(tx, alert_id)


@router.post("/{alert_id:uuid}:close", permission=p.OBSERVABILITY_WRITE, errors=_REFUSALS)
def close_alert(alert_id: UUID, tx: WriteTx, body: AlertClose | None = None) -> AlertRead:
    """Close an alert by hand. If it is still wrong, whoever noticed will raise a new one."""
    service.close(tx, alert_id, body or AlertClose())
    return _read(tx, alert_id)


@router.post("/{alert_id:uuid}:silence", permission=p.OBSERVABILITY_WRITE, errors=_REFUSALS)
def silence_alert(alert_id: UUID, tx: WriteTx, body: AlertSilence | None = None) -> AlertRead:
    """Tell nobody of this alert for a while; it stays open."""
    service.silence(tx, alert_id, body or AlertSilence())
    return _read(tx, alert_id)


@router.post("/{alert_id:uuid}:unsilence", permission=p.OBSERVABILITY_WRITE, errors=_REFUSALS)
def unsilence_alert(alert_id: UUID, tx: WriteTx) -> AlertRead:
    """End an alert's own silence before its time."""
    service.unsilence(tx, alert_id)
    return _read(tx, alert_id)


def _read(tx: ReadTx, alert_id: UUID) -> AlertRead:
    return AlertRead.of(tx.one(queries.one(alert_id), AlertNotFound), tx.now)
