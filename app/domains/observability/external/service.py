"""Alerts that another system noticed."""

import hashlib
import json

from app.domains.observability.alerts.engine import Finding, raise_alert, resolve_alert
from app.domains.observability.external.schemas import (
    AlertmanagerAlert,
    AlertmanagerMessage,
    AlertmanagerTaken,
)
from app.domains.observability.words import Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx

_NAMELESS = "alertmanager"
_NEWS = frozenset({"info", "informational", "none", "debug"})
_SEVERITIES = {
    "critical": Severity.P1,
    "page": Severity.P1,
    "emergency": Severity.P1,
    "fatal": Severity.P1,
    "p1": Severity.P1,
    "error": Severity.P2,
    "high": Severity.P2,
    "major": Severity.P2,
    "p2": Severity.P2,
}


def take(tx: WriteTx, message: AlertmanagerMessage) -> AlertmanagerTaken:
    """Raise what fires and resolve what is over. Safe to repeat: Alertmanager sends open groups again."""
    opened = resolved = ignored = 0
    # In one order for everybody, so that two senders of the same alerts never wait for each other in a ring.
    for alert in sorted(message.alerts, key=_fingerprint):
        if alert.status == "resolved":
            resolved += _resolve(tx, alert)
        elif _word(alert) in _NEWS:
            ignored += 1
        else:
            opened += raise_alert(tx, _finding(alert)).opened
    return AlertmanagerTaken(
        received_count=len(message.alerts),
        opened_count=opened,
        resolved_count=resolved,
        ignored_count=ignored,
    )


def _finding(alert: AlertmanagerAlert) -> Finding:
    notes = alert.annotations
    name = _name(alert)
    runbook = notes.get("runbook_url", "")
    return Finding(
        source=Source.EXTERNAL,
        key=name,
        subject=_subject(alert),
        severity=_SEVERITIES.get(_word(alert), Severity.P3),
        title=notes.get("summary") or notes.get("title") or name,
        message=notes.get("description") or notes.get("message") or notes.get("summary", ""),
        labels=alert.labels | ({"generator_url": alert.generatorURL} if alert.generatorURL else {}),
        runbook_url=runbook if runbook.startswith(("https://", "http://")) else None,
    )


def _resolve(tx: WriteTx, alert: AlertmanagerAlert) -> bool:
    closed = resolve_alert(
        tx, Source.EXTERNAL, _name(alert), _subject(alert), reason="Alertmanager reports it resolved."
    )
    return closed is not None


def _name(alert: AlertmanagerAlert) -> str:
    return alert.labels.get("alertname", "").strip()[:200] or _NAMELESS


def _word(alert: AlertmanagerAlert) -> str:
    return alert.labels.get("severity", "").strip().lower()


def _subject(alert: AlertmanagerAlert) -> str:
    return ref("alertmanager", _fingerprint(alert))


def _fingerprint(alert: AlertmanagerAlert) -> str:
    """Alertmanager's own; for a sender that gives none, one of the labels."""
    if alert.fingerprint.strip():
        return alert.fingerprint.strip()
    return hashlib.sha256(json.dumps(alert.labels, sort_keys=True).encode()).hexdigest()[:16]
