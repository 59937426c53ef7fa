"""Events of alerts."""

from uuid import UUID

from app.domains.observability import permissions as p
from app.kernel.events.envelope import Event


class AlertCreated(Event, type="alert.created", permission=p.OBSERVABILITY_READ):
    """Something is wrong that was not before; `target` is who was on call at that moment."""

    alert_id: UUID
    source: str
    key: str
    severity: str
    title: str
    target: str | None


class AlertUpdated(Event, type="alert.updated", permission=p.OBSERVABILITY_READ):
    """An open alert got more or less severe."""

    alert_id: UUID
    from_severity: str
    to_severity: str


class AlertAcked(Event, type="alert.acked", permission=p.OBSERVABILITY_READ):
    """Somebody took an alert on."""

    alert_id: UUID
    note: str | None


class AlertSilenced(Event, type="alert.silenced", permission=p.OBSERVABILITY_READ):
    """An alert was silenced until a time."""

    alert_id: UUID
    until: str


class AlertWorkLinked(Event, type="alert.work_linked", permission=p.OBSERVABILITY_READ):
    """Work was opened because of an alert; when the work is done, the alert is closed."""

    alert_id: UUID
    work_ref: str


class AlertClosedEvent(Event, type="alert.closed", permission=p.OBSERVABILITY_READ):
    """An alert was closed: by recovery, by the work done on it, or by hand."""

    alert_id: UUID
    source: str
    key: str
    reason: str


class AlertUnsilenced(Event, type="alert.unsilenced", permission=p.OBSERVABILITY_READ):
    """An alert's own silence was ended before its time."""

    alert_id: UUID


class ShiftCreated(Event, type="oncall.shift.created", permission=p.OBSERVABILITY_READ):
    """A shift was added."""

    shift_id: UUID
    shift_name: str
    target: str


class ShiftUpdated(Event, type="oncall.shift.updated", permission=p.OBSERVABILITY_READ):
    """A shift was changed."""

    shift_id: UUID
    shift_name: str
    target: str


class ShiftDeleted(Event, type="oncall.shift.deleted", permission=p.OBSERVABILITY_READ):
    """A shift was removed."""

    shift_id: UUID
    shift_name: str
    target: str


class RuleCreated(Event, type="alert_rule.created", permission=p.OBSERVABILITY_READ):
    """An alert rule was added."""

    rule_id: UUID
    name: str
    kind: str


class RuleUpdated(Event, type="alert_rule.updated", permission=p.OBSERVABILITY_READ):
    """An alert rule was changed."""

    rule_id: UUID
    name: str
    kind: str


class RuleDeleted(Event, type="alert_rule.deleted", permission=p.OBSERVABILITY_READ):
    """An alert rule was removed."""

    rule_id: UUID
    name: str
    kind: str
