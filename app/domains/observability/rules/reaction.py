"""Rules on events: the relay's outlet queues what fits, and the job raises or resolves.

The job is queued in the transaction that seals the event, so no event is missed; the jobs of one subject run one
after another in the order of the log.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from app.domains.observability.alerts.engine import Finding, raise_alert, resolve_alert
from app.domains.observability.rules.evaluate import rule_key
from app.domains.observability.rules.models import AlertRule
from app.domains.observability.rules.schemas import CONDITION, OnEvent
from app.domains.observability.rules.templates import fill
from app.domains.observability.words import Severity, Source
from app.kernel.events.envelope import Envelope
from app.kernel.jobs.engine import Job, enqueue
from app.kernel.tx import WriteTx
from app.platform import events

_ACTIVE = select(AlertRule.id, AlertRule.condition).where(AlertRule.is_active, AlertRule.kind == "event")


def raises(condition: OnEvent, event: Envelope) -> bool:
    return event.type == condition.event_type and _fits(condition.match, event.payload)


def resolves(condition: OnEvent, event: Envelope) -> bool:
    return event.type == condition.resolve_event_type and _fits(condition.resolve_match, event.payload)


def react_to_event(tx: WriteTx, rule_id: str, event_id: str) -> None:
    """Raise or resolve what the rule says of this event."""
    event = events.read_event(tx, UUID(event_id))
    wanted = select(AlertRule).where(AlertRule.id == UUID(rule_id), AlertRule.is_active)
    found = tx.objects(wanted.with_for_update(read=True))  # one that is being switched off closes its alerts
    if event is None or not found:
        return
    rule, condition = found[0], CONDITION.validate_python(found[0].condition)
    if not isinstance(condition, OnEvent):
        return
    with tx.because(event.id):
        if raises(condition, event):
            raise_alert(tx, _finding(rule, condition, event))
        elif resolves(condition, event):
            reason = f"Resolved by {event.type}."
            resolve_alert(tx, Source.RULE, rule_key(rule.id), event.subject, reason=reason)


REACT = Job("observability.rule_event", react_to_event)


def queue_reactions(tx: WriteTx, envelopes: Sequence[Envelope]) -> None:
    """An `Outlet` of the relay."""
    rows = tx.all(_ACTIVE)
    if not rows:
        return
    rules = [(row.id, CONDITION.validate_python(row.condition)) for row in rows]
    for event in envelopes:
        for rule_id, condition in rules:
            if isinstance(condition, OnEvent) and (raises(condition, event) or resolves(condition, event)):
                lock = f"{REACT.name}:{rule_id}:{event.subject}"
                enqueue(tx, REACT, lock=lock, rule_id=str(rule_id), event_id=str(event.id))


def _fits(wanted: Mapping[str, object], payload: Mapping[str, object]) -> bool:
    return all(name in payload and payload[name] == value for name, value in wanted.items())


def _finding(rule: AlertRule, condition: OnEvent, event: Envelope) -> Finding:
    values = {
        "rule": rule.name,
        "subject": event.subject,
        "object": event.subject.partition(":")[2],
        "severity": rule.severity,
        "labels": rule.labels,
        "payload": event.payload,
        "event_type": event.type,
    }
    return Finding(
        source=Source.RULE,
        key=rule_key(rule.id),
        subject=event.subject,
        severity=Severity(rule.severity),
        title=fill(rule.title_template, values),
        message=fill(rule.message_template, values),
        related=event.related,
        labels=rule.labels | {"rule": rule.name, "event_type": condition.event_type},
        runbook_url=rule.runbook_url,
        rule_id=rule.id,
    )
