"""What can go wrong with alerts."""

from app.kernel.problem import Conflict, NotFound


class AlertNotFound(NotFound):
    """No such alert in this tenant."""

    code, title = "alert_not_found", "Alert not found"


class AlertClosed(Conflict):
    """The alert is closed: what happens next is a new alert."""

    code, title = "alert_closed", "Alert closed"


class ShiftNotFound(NotFound):
    """No such shift in this tenant."""

    code, title = "shift_not_found", "Shift not found"


class RuleNotFound(NotFound):
    """No such alert rule in this tenant."""

    code, title = "alert_rule_not_found", "Alert rule not found"


class RuleNameTaken(Conflict):
    """An alert rule of this name exists."""

    code, title = "alert_rule_name_taken", "Name taken"


class ReceiverNotFound(NotFound):
    """No such receiver in this tenant."""

    code, title = "receiver_not_found", "Receiver not found"


class ReceiverNameTaken(Conflict):
    """A receiver of this name exists."""

    code, title = "receiver_name_taken", "Name taken"


class ReceiverInUse(Conflict):
    """A notification route names the receiver: change or delete the route first."""

    code, title = "receiver_in_use", "Receiver in use"


class RouteNotFound(NotFound):
    """No such notification route in this tenant."""

    code, title = "notification_route_not_found", "Route not found"


class NotificationNotFound(NotFound):
    """No such notification in this tenant."""

    code, title = "notification_not_found", "Notification not found"


class SuppressionNotFound(NotFound):
    """No such suppression in this tenant."""

    code, title = "suppression_not_found", "Suppression not found"


class EscalationPolicyNotFound(NotFound):
    """No such escalation policy in this tenant."""

    code, title = "escalation_policy_not_found", "Escalation policy not found"


class EscalationPolicyNameTaken(Conflict):
    """An escalation policy of this name exists."""

    code, title = "escalation_policy_name_taken", "Name taken"


CONSTRAINTS = {
    "uq_alert_rule_tenant_id_name": RuleNameTaken("An alert rule of this name exists."),
    "uq_alert_receiver_tenant_id_name": ReceiverNameTaken("A receiver of this name exists."),
    "fk_notification_route_alert_receiver": ReceiverInUse("A notification route names this receiver."),
    "uq_escalation_policy_tenant_id_name": EscalationPolicyNameTaken(
        "An escalation policy of this name exists."
    ),
}
