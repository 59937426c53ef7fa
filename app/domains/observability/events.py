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


class ReceiverCreated(Event, type="alert_receiver.created", permission=p.OBSERVABILITY_READ):
    """A receiver of notifications was added."""

    receiver_id: UUID
    name: str
    kind: str


class ReceiverUpdated(Event, type="alert_receiver.updated", permission=p.OBSERVABILITY_READ):
    """A receiver of notifications was changed."""

    receiver_id: UUID
    name: str
    kind: str


class ReceiverDeleted(Event, type="alert_receiver.deleted", permission=p.OBSERVABILITY_READ):
    """A receiver of notifications was removed."""

    receiver_id: UUID
    name: str
    kind: str


class RouteCreated(Event, type="notification_route.created", permission=p.OBSERVABILITY_READ):
    """A route from alerts to a receiver was added."""

    route_id: UUID
    receiver_id: UUID


class RouteUpdated(Event, type="notification_route.updated", permission=p.OBSERVABILITY_READ):
    """A route from alerts to a receiver was changed."""

    route_id: UUID
    receiver_id: UUID


class RouteDeleted(Event, type="notification_route.deleted", permission=p.OBSERVABILITY_READ):
    """A route from alerts to a receiver was removed."""

    route_id: UUID
    receiver_id: UUID


class NotificationDead(Event, type="notification.dead", permission=p.OBSERVABILITY_READ):
    """A notification was given up: its receiver never took it."""

    delivery_id: UUID
    receiver_id: UUID
    reason: str


class SuppressionCreated(Event, type="alert_suppression.created", permission=p.OBSERVABILITY_READ):
    """A silence, a maintenance window or an inhibition was added."""

    suppression_id: UUID
    kind: str
    comment: str


class SuppressionEnded(Event, type="alert_suppression.ended", permission=p.OBSERVABILITY_READ):
    """A suppression was ended before its time."""

    suppression_id: UUID
    kind: str


class AlertEscalated(Event, type="alert.escalated", permission=p.OBSERVABILITY_READ):
    """Nobody took an alert on in time; `told` is whom the step reached, null when there was nobody."""

    alert_id: UUID
    step: int
    kind: str
    told: str | None


class EscalationPolicyCreated(Event, type="escalation_policy.created", permission=p.OBSERVABILITY_READ):
    """An escalation policy was added."""

    policy_id: UUID
    name: str


class EscalationPolicyUpdated(Event, type="escalation_policy.updated", permission=p.OBSERVABILITY_READ):
    """An escalation policy was changed."""

    policy_id: UUID
    name: str


class EscalationPolicyDeleted(Event, type="escalation_policy.deleted", permission=p.OBSERVABILITY_READ):
    """An escalation policy was removed."""

    policy_id: UUID
    name: str
