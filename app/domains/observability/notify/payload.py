"""Pure: what a notification says, and how each kind of receiver is told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from typing import Any

_NEVER = "0001-01-01T00:00:00Z"
_SEVERITIES = {"P1": "critical", "P2": "error", "P3": "warning"}


def notification(
    key: str, labels: Mapping[str, str], alerts: Sequence[dict[str, Any]], *, reason: str
) -> dict[str, Any]:
    """The document that is stored and, to a webhook, sent as it is."""
    status = "firing" if any(alert["status"] != "CLOSED" for alert in alerts) else "resolved"
    return {
        "reason": reason,
        "status": status,
        "group_key": key,
        "group_labels": dict(labels),
        "alerts": list(alerts),
    }


def described(alert: Any) -> dict[str, Any]:
    """One alert inside a notification."""
    return {
        "id": str(alert.id),
        "source": alert.source,
        "key": alert.key,
        "subject": alert.subject,
        "severity": alert.severity,
        "status": alert.status,
        "title": alert.title,
        "message": alert.message,
        "labels": dict(alert.labels),
        "value": alert.value,
        "runbook_url": alert.runbook_url,
        "target": alert.target,
        "work_ref": alert.work_ref,
        "opened_at": _text(alert.created_at),
        "closed_at": _text(alert.closed_at),
    }


def alertmanager(document: Mapping[str, Any], receiver: str) -> dict[str, Any]:
    """The notification as version 4 of Alertmanager's webhook."""
    alerts = [_foreign(alert) for alert in document["alerts"]]
    return {
        "version": "4",
        "groupKey": document["group_key"],
        "truncatedAlerts": 0,
        "status": document["status"],
        "receiver": receiver,
        "groupLabels": document["group_labels"],
        "commonLabels": _common([alert["labels"] for alert in alerts]),
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": "",
        "alerts": alerts,
    }


def email(document: Mapping[str, Any], *, sender: str, to: Sequence[str], message_id: str) -> EmailMessage:
    """The notification as plain text. Header values come from users: line breaks are taken out of them."""
    alerts = document["alerts"]
    first = alerts[0]["title"] if alerts else "Test"
    more = f" (+{len(alerts) - 1} more)" if len(alerts) > 1 else ""
    message = EmailMessage()
    message["Subject"] = " ".join(f"[{document['status'].upper()}] {first}{more}".split())[:200]
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Message-ID"] = f"<{message_id}@hangar>"
    message.set_content("\n\n".join(_paragraph(alert) for alert in alerts) or "A test of this receiver.")
    return message


def _paragraph(alert: Mapping[str, Any]) -> str:
    lines = [
        f"{alert['severity']} {alert['status']}: {alert['title']}",
        alert["message"],
        f"About: {alert['subject']}",
        f"Open since: {alert['opened_at']}",
    ]
    lines += [f"Closed: {alert['closed_at']}"] if alert["closed_at"] else []
    lines += [f"Given to: {alert['target']}"] if alert["target"] else []
    lines += [f"Runbook: {alert['runbook_url']}"] if alert["runbook_url"] else []
    return "\n".join(line for line in lines if line)


def _foreign(alert: Mapping[str, Any]) -> dict[str, Any]:
    notes = {"summary": alert["title"], "description": alert["message"]}
    if alert["runbook_url"]:
        notes["runbook_url"] = alert["runbook_url"]
    return {
        "status": "resolved" if alert["status"] == "CLOSED" else "firing",
        "labels": {
            **alert["labels"],
            "alertname": alert["key"],
            "severity": _SEVERITIES[alert["severity"]],
            "source": alert["source"],
            "subject": alert["subject"],
        },
        "annotations": notes,
        "startsAt": alert["opened_at"],
        "endsAt": alert["closed_at"] or _NEVER,
        "generatorURL": "",
        "fingerprint": alert["id"].replace("-", ""),
    }


def _common(each: Sequence[Mapping[str, str]]) -> dict[str, str]:
    if not each:
        return {}
    first = each[0]
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in each)}


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
