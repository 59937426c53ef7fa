"""Timers in the database: begun when an alert is routed, done when due, gone once somebody took it on."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from app.domains.observability.alerts import engine
from app.domains.observability.alerts.matchers import facts, matches
from app.domains.observability.alerts.models import Alert
from app.domains.observability.escalation.models import EscalationPolicy, EscalationTimer
from app.domains.observability.events import AlertEscalated
from app.domains.observability.notify.models import Receiver
from app.domains.observability.notify.outbox import queue_delivery
from app.domains.observability.notify.payload import described, notification
from app.domains.observability.oncall.queries import target_at
from app.domains.observability.words import AlertStatus
from app.kernel.events.envelope import ref
from app.kernel.tx import AnyRow, WriteTx

BATCH = 500


def begin(tx: WriteTx, alerts: Sequence[AnyRow]) -> None:
    """Set the timers of alerts that were just routed."""
    if not alerts:
        return
    p = EscalationPolicy
    policies = tx.all(select(p.id, p.matchers, p.steps).where(p.is_active).order_by(p.name))
    rows = []
    for alert in alerts:
        known = facts(alert)
        fitting = [policy for policy in policies if matches(policy.matchers, known)]
        rows += [
            {
                "tenant_id": tx.tenant_id,
                "alert_id": alert.id,
                "step": number,
                "policy_id": policy.id,
                "due_at": alert.created_at + timedelta(minutes=step["after_minutes"]),
                "target": step["target"],
            }
            for policy in fitting[:1]
            for number, step in enumerate(policy.steps)
        ]
    if rows:
        tx.execute(insert(EscalationTimer).values(rows).on_conflict_do_nothing())


def ring(tx: WriteTx) -> int:
    """Do the steps that are due; returns how many timers were looked at. Suppressed alerts keep theirs."""
    t = EscalationTimer
    told = or_(Alert.silenced_until.is_(None), Alert.silenced_until <= tx.now)
    due = tx.all(
        select(*t.__table__.c)
        .join(Alert, and_(Alert.tenant_id == t.tenant_id, Alert.id == t.alert_id))
        .where(t.due_at <= tx.now)
        .where(or_(Alert.status != AlertStatus.OPEN, and_(Alert.suppressed_by.is_(None), told)))
        .order_by(t.due_at, t.step)
        .limit(BATCH)
        .with_for_update(of=t, skip_locked=True)
    )
    for timer in due:
        wanted = select(Alert).where(Alert.id == timer.alert_id).with_for_update()
        alert = tx.objects(wanted.execution_options(populate_existing=True))[0]
        if alert.status == AlertStatus.OPEN:
            _escalate(tx, alert, timer)
        tx.execute(delete(t).where(t.alert_id == timer.alert_id, t.step == timer.step))
    return len(due)


def _escalate(tx: WriteTx, alert: Alert, timer: AnyRow) -> None:
    target = timer.target
    before = alert.target
    if target["kind"] == "shift":
        told = tx.scalar(target_at(tx.now, target["shift_name"]))
        alert.target = told or alert.target
        engine.touch(tx, alert)
    else:
        told = _tell_receiver(tx, alert, UUID(target["receiver_id"]))
    tx.emit(
        AlertEscalated(alert_id=alert.id, step=timer.step, kind=target["kind"], told=told),
        subject=ref("alert", alert.id),
        related=[alert.subject, ref("escalation_policy", timer.policy_id)],
        before={"target": before},
        after={"target": alert.target},
    )


def _tell_receiver(tx: WriteTx, alert: Alert, receiver_id: UUID) -> str | None:
    name = tx.scalar(select(Receiver.name).where(Receiver.id == receiver_id))
    if name is not None:
        document = notification(ref("alert", alert.id), {}, [described(alert)], reason="escalation")
        queue_delivery(tx, receiver_id, document, reason="escalation")
    return name
