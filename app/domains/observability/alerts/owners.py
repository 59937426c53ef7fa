"""What the domain that raised alerts reads of them, and answers on its own routes."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import SQLColumnExpression, select

from app.domains.observability.alerts import engine
from app.domains.observability.alerts.models import Alert
from app.domains.observability.errors import AlertNotFound
from app.domains.observability.events import AlertAcked
from app.domains.observability.words import AlertStatus, Source
from app.kernel.events.envelope import ref
from app.kernel.tx import AnyRow, AnySelect, ReadTx, WriteTx

ALERT_SORT: Mapping[str, SQLColumnExpression[Any]] = {"created_at": Alert.created_at, "id": Alert.id}


def open_alerts(source: Source) -> AnySelect:
    """The open alerts of a source, as rows of the alert table, to be paged by `ALERT_SORT`."""
    return select(*Alert.__table__.c).where(Alert.source == source, Alert.status != AlertStatus.CLOSED)


def open_keys(tx: ReadTx, source: Source, subjects: Collection[str]) -> set[tuple[str, str]]:
    """Key and subject of each open alert of a source on these objects."""
    rows = tx.all(
        select(Alert.key, Alert.subject).where(
            Alert.source == source, Alert.status != AlertStatus.CLOSED, Alert.subject.in_(subjects)
        )
    )
    return {(row.key, row.subject) for row in rows}


def acknowledge_alert(tx: WriteTx, source: Source, alert_id: UUID, *, note: str | None = None) -> AnyRow:
    """Take an alert of a source on; one that is acknowledged stays as it is. The row as it is now.

    Raises `AlertNotFound`, also for an alert of another source, `AlertClosed`, `PreconditionFailed`.
    """
    this = select(*Alert.__table__.c).where(Alert.id == alert_id, Alert.source == source)
    tx.one(this, AlertNotFound)
    alert = engine.lock_open(tx, alert_id)
    if alert.status != AlertStatus.ACKED:
        alert.status = AlertStatus.ACKED
        alert.acked_at, alert.acked_by = tx.now, tx.actor
        engine.touch(tx, alert)
        tx.emit(
            AlertAcked(alert_id=alert.id, note=note),
            subject=ref("alert", alert.id),
            related=[alert.subject],
            before={"status": AlertStatus.OPEN},
            after={"status": AlertStatus.ACKED},
        )
    return tx.one(this, AlertNotFound)
