"""Alerts and what hangs on them, for the isolation suite."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from app.domains.observability import Finding, Severity, Source, raise_alert
from app.kernel.jobs.engine import JobContext
from tests.support.tenants import Tenant


def finding(**changes: Any) -> Finding:
    """Something wrong with an object nobody else has."""
    given = {
        "source": Source.PLATFORM,
        "key": "test.broken",
        "subject": f"thing:{uuid4()}",
        "severity": Severity.P2,
        "title": "A thing broke",
        "message": "It makes a noise.",
    }
    return Finding(**(given | changes))


def alert(tenant: Tenant, **changes: Any) -> str:
    context = JobContext(tenant.server.database, tenant.id, "test", "test")
    return str(context.write(lambda tx: raise_alert(tx, finding(**changes)).alert_id))


def shift_body(_: Tenant | None = None, **changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "shift_name": "Night",
        "target": "ana@example.com",
        "starts_at": (now - timedelta(hours=1)).isoformat(),
        "ends_at": (now + timedelta(hours=7)).isoformat(),
    } | changes


def shift(tenant: Tenant) -> str:
    return str(tenant.post("/api/alert/oncall/shifts", **shift_body())["id"])


def rule_body(_: Tenant | None = None, **condition: Any) -> dict[str, Any]:
    defaults: dict[str, dict[str, Any]] = {
        "threshold": {"signal_name": "request", "threshold": 3},
        "absence": {"signal_name": "request"},
        "event": {},
    }
    kind = condition.get("kind", "threshold")
    given = {"kind": kind} | defaults[kind] | condition
    return {"name": f"Rule {uuid4().hex[:8]}", "condition": given}


def rule(tenant: Tenant) -> str:
    return str(tenant.post("/api/observability/alert-rules", **rule_body())["id"])


def receiver_body(_: Tenant | None = None, **target: Any) -> dict[str, Any]:
    given = target or {"kind": "webhook", "url": "http://127.0.0.1:9/alerts"}
    return {"name": f"Receiver {uuid4().hex[:8]}", "target": given}


def receiver(tenant: Tenant) -> str:
    return str(tenant.post("/api/observability/receivers", **receiver_body())["id"])


def route(tenant: Tenant, **fields: Any) -> str:
    given = {"receiver_id": receiver(tenant)} | fields
    return str(tenant.post("/api/observability/notification-routes", **given)["id"])


def sent(tenant: Tenant) -> str:
    answer = tenant.client.post(f"/api/observability/receivers/{receiver(tenant)}:test")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def suppression_body(_: Tenant | None = None, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "kind": "SILENCE",
        "matchers": [{"name": "key", "value": "no.such.key"}],
        "ends_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
        "comment": "Known",
    }
    return {"suppress": given | changes}


def suppression(tenant: Tenant) -> str:
    return str(tenant.post("/api/observability/suppressions", **suppression_body())["id"])


def policy_body(_: Tenant | None = None, **changes: Any) -> dict[str, Any]:
    steps = [{"after_minutes": 5, "target": {"kind": "shift"}}]
    return {"name": f"Policy {uuid4().hex[:8]}", "steps": steps} | changes


def escalation_policy(tenant: Tenant) -> str:
    return str(tenant.post("/api/observability/escalation-policies", **policy_body())["id"])


RESOURCES = {
    "alert_id": alert,
    "shift_id": shift,
    "alert_rule_id": rule,
    "receiver_id": receiver,
    "notification_route_id": route,
    "notification_id": sent,
    "suppression_id": suppression,
    "escalation_policy_id": escalation_policy,
}
ALIASES = {"rule_ids": "alert_rule_id"}
BODIES = {
    "create_oncall_shift": shift_body,
    "create_alert_rule": rule_body,
    "create_receiver": receiver_body,
    "create_suppression": suppression_body,
    "preview_suppression": suppression_body,
    "create_escalation_policy": policy_body,
}
