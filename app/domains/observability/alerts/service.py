"""What somebody answers to an alert."""

from datetime import timedelta
from uuid import UUID

from app.domains.observability.alerts import engine
from app.domains.observability.alerts.models import Alert
from app.domains.observability.alerts.schemas import (
    LONGEST_SILENCE_MINUTES,
    AlertAck,
    AlertClose,
    AlertSilence,
)
from app.domains.observability.events import AlertAcked, AlertSilenced, AlertUnsilenced
from app.domains.observability.words import AlertStatus
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx

DEFAULT_SILENCE = timedelta(minutes=60)


def ack(tx: WriteTx, alert_id: UUID, data: AlertAck) -> None:
    """Take it on; an alert that is acknowledged stays as it is. Raises `AlertNotFound`, `AlertClosed`."""
    alert = _asked_for(tx, alert_id)
    if alert.status == AlertStatus.ACKED:
        return
    alert.status = AlertStatus.ACKED
    alert.acked_at, alert.acked_by = tx.now, tx.actor
    engine.touch(tx, alert)
    tx.emit(
        AlertAcked(alert_id=alert.id, note=data.note),
        subject=ref("alert", alert.id),
        related=[alert.subject],
        before={"status": AlertStatus.OPEN},
        after={"status": AlertStatus.ACKED},
    )


def close(tx: WriteTx, alert_id: UUID, data: AlertClose) -> None:
    """Raises `AlertNotFound`, `AlertClosed`."""
    engine.close(tx, _asked_for(tx, alert_id), reason=data.note or "Closed by hand.")


def silence(tx: WriteTx, alert_id: UUID, data: AlertSilence) -> None:
    """Tell nobody until a time. Raises `AlertNotFound`, `AlertClosed`; 422 for a time past or too far off."""
    alert = _asked_for(tx, alert_id)
    until = data.until or tx.now + (timedelta(minutes=data.minutes) if data.minutes else DEFAULT_SILENCE)
    if until <= tx.now:
        raise invalid("until", "not_in_future", "until must lie in the future.")
    if until > tx.now + timedelta(minutes=LONGEST_SILENCE_MINUTES):
        raise invalid("until", "too_far", "A silence lasts 30 days at most.")
    before = alert.silenced_until
    alert.silenced_until = until
    engine.touch(tx, alert)
    tx.emit(
        AlertSilenced(alert_id=alert.id, until=until.isoformat()),
        subject=ref("alert", alert.id),
        related=[alert.subject],
        before={"silenced_until": before.isoformat() if before else None},
        after={"silenced_until": until.isoformat(), "note": data.note},
    )


def unsilence(tx: WriteTx, alert_id: UUID) -> None:
    """End the alert's own silence; one that has none stays as it is. Raises `AlertNotFound`, `AlertClosed`."""
    alert = _asked_for(tx, alert_id)
    if alert.silenced_until is None or alert.silenced_until <= tx.now:
        return
    before, alert.silenced_until = alert.silenced_until, None
    engine.touch(tx, alert)
    tx.emit(
        AlertUnsilenced(alert_id=alert.id),
        subject=ref("alert", alert.id),
        related=[alert.subject],
        before={"silenced_until": before.isoformat()},
        after={"silenced_until": None},
    )


def _asked_for(tx: WriteTx, alert_id: UUID) -> Alert:
    alert = engine.lock_open(tx, alert_id)
    tx.match(alert)
    return alert
