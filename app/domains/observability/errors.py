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


CONSTRAINTS = {
    "uq_alert_rule_tenant_id_name": RuleNameTaken("An alert rule of this name exists."),
}
