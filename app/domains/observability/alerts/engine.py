"""One alert for each thing that is wrong: raised and resolved in the transaction that noticed.

The database keeps one open alert per (source, key, subject), so raising is safe to repeat and safe to race: the
first opens it, the others count. After it is closed, the next raise opens a new one that names the old.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.domains.observability.alerts.models import IS_OPEN, OPEN, Alert
from app.domains.observability.errors import AlertClosed, AlertNotFound
from app.domains.observability.events import (
    AlertClosedEvent,
    AlertCreated,
    AlertUpdated,
    AlertWorkLinked,
)
from app.domains.observability.oncall.queries import target_at
from app.domains.observability.words import AlertStatus, Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.tx import ReadTx, WriteTx

TITLE_LENGTH, MESSAGE_LENGTH = 200, 500


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with what.

    `key`: the rule that noticed, stable over time (`asset.health`). `subject`: the object, as in the thread
    (`asset:<id>`). `related`: other objects whose threads should show the alert. `value`: the figure that broke
    the rule, in the rule's unit; one that is not finite is left out.
    """

    source: Source
    key: str
    subject: str
    severity: Severity
    title: str
    message: str
    related: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    value: float | None = None
    runbook_url: str | None = None
    policy_id: UUID | None = None
    rule_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    alert_id: UUID
    opened: bool


def raise_alert(tx: WriteTx, finding: Finding) -> Raised:
    """Open an alert, or count once more on the one that is open.

    Title and message are cut to 200 and 500 characters. A repeated raise changes message, value and time, and
    emits nothing unless the severity changed.
    """
    values = _row(tx, finding)
    statement = insert(Alert).values(values)
    new = statement.excluded
    seen = statement.on_conflict_do_update(
        index_elements=["tenant_id", "source", "key", "subject"],
        index_where=text(OPEN),
        set_={
            "occurrences": Alert.occurrences + 1,
            "last_seen_at": func.greatest(Alert.last_seen_at, new.last_seen_at),
            "value": new.value,
            "message": new.message,
        },
    ).returning(Alert.id, Alert.severity)
    row = tx.execute(seen).one()
    if row.id != values["id"]:
        if row.severity != finding.severity:
            _change_severity(tx, row.id, finding)
        return Raised(row.id, opened=False)
    alert = _loaded(tx, row.id)
    alert.target = oncall_target(tx)
    alert.previous_id = _previous(tx, finding, alert.id)
    tx.flush()
    tx.emit(
        AlertCreated(
            alert_id=alert.id,
            source=alert.source,
            key=alert.key,
            severity=alert.severity,
            title=alert.title,
            target=alert.target,
        ),
        subject=ref("alert", alert.id),
        related=[finding.subject, *finding.related],
        after={"message": alert.message, "value": alert.value, "labels": alert.labels},
    )
    return Raised(alert.id, opened=True)


def resolve_alert(tx: WriteTx, source: Source, key: str, subject: str, *, reason: str) -> UUID | None:
    """Close what is open for this rule and object; None when nothing was."""
    found = tx.objects(
        select(Alert)
        .where(Alert.source == source, Alert.key == key, Alert.subject == subject, IS_OPEN)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for alert in found:
        close(tx, alert, reason=reason)
    return found[0].id if found else None


def open_subjects(tx: ReadTx, source: Source, key: str) -> set[str]:
    """The objects with an open alert of this rule: what a periodic check compares with what it finds."""
    rows = tx.all(select(Alert.subject).where(Alert.source == source, Alert.key == key, IS_OPEN))
    return {row.subject for row in rows}


def told_since(tx: ReadTx, source: Source, key: str, subject: str, since: datetime) -> bool:
    """Whether an alert of this rule and object, open or closed, was raised or counted at `since` or later.

    For periodic checks: what somebody closed although it is still so is not to be raised again by the clock.
    """
    found = tx.first(
        select(Alert.id)
        .where(
            Alert.subject == subject, Alert.source == source, Alert.key == key, Alert.last_seen_at >= since
        )
        .limit(1)
    )
    return found is not None


def link_work(tx: WriteTx, alert_id: UUID, work_ref: str) -> None:
    """Remember which work was opened for an alert. Raises `AlertNotFound`, `AlertClosed`."""
    alert = lock_open(tx, alert_id)
    before = {"work_ref": alert.work_ref}
    alert.work_ref = work_ref
    touch(tx, alert)
    tx.emit(
        AlertWorkLinked(alert_id=alert.id, work_ref=work_ref),
        subject=ref("alert", alert.id),
        related=[work_ref, alert.subject],
        before=before,
        after={"work_ref": work_ref},
    )


def close_by_work(tx: WriteTx, work_ref: str, *, reason: str) -> list[UUID]:
    """Close the alerts that this work was opened for; their ids."""
    found = tx.objects(
        select(Alert)
        .where(Alert.work_ref == work_ref, IS_OPEN)
        .order_by(Alert.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for alert in found:
        close(tx, alert, reason=reason)
    return [alert.id for alert in found]


def lock_open(tx: WriteTx, alert_id: UUID) -> Alert:
    """The alert under a row lock. Raises `AlertNotFound`, `AlertClosed`. `If-Match` is the route's to check:
    a request that touches an alert in passing means another resource by it."""
    alert = tx.get(
        select(Alert).where(Alert.id == alert_id).with_for_update().execution_options(populate_existing=True),
        AlertNotFound,
    )
    if alert.status == AlertStatus.CLOSED:
        raise AlertClosed("The alert is closed; a new one opens when it happens again.")
    return alert


def close(tx: WriteTx, alert: Alert, *, reason: str) -> None:
    """Close an alert that is locked and open."""
    before = {"status": alert.status}
    alert.status = AlertStatus.CLOSED
    alert.closed_at = max(tx.now, alert.created_at)
    alert.closed_by = tx.actor
    alert.close_reason = reason[:MESSAGE_LENGTH]
    touch(tx, alert)
    tx.emit(
        AlertClosedEvent(alert_id=alert.id, source=alert.source, key=alert.key, reason=alert.close_reason),
        subject=ref("alert", alert.id),
        related=[alert.subject, *([alert.work_ref] if alert.work_ref else [])],
        before=before,
        after={"status": alert.status},
    )


def touch(tx: WriteTx, alert: Alert) -> None:
    alert.version += 1
    alert.updated_at = tx.now
    tx.flush()


def oncall_target(tx: ReadTx) -> str | None:
    """Who is on call now: of the active shifts that cover this moment, the one that began last."""
    return tx.scalar(target_at(tx.now))


def _row(tx: WriteTx, finding: Finding) -> dict[str, Any]:
    value = finding.value if finding.value is not None and math.isfinite(finding.value) else None
    return {
        "tenant_id": tx.tenant_id,
        "id": new_id(),
        "source": finding.source,
        "key": finding.key,
        "subject": finding.subject,
        "severity": finding.severity,
        "title": _text(finding.title, TITLE_LENGTH) or finding.key[:TITLE_LENGTH],
        "message": _text(finding.message, MESSAGE_LENGTH),
        "labels": {_text(name, 200): _text(value, 500) for name, value in finding.labels.items()},
        "value": value,
        "policy_id": finding.policy_id,
        "rule_id": finding.rule_id,
        "runbook_url": finding.runbook_url,
        "occurrences": 1,
        "last_seen_at": tx.now,
        "created_at": tx.now,
        "updated_at": tx.now,
    }


def _text(words: str, length: int) -> str:
    """What PostgreSQL can store of it: no NUL, and no longer than `length`."""
    return words.replace("\0", "").strip()[:length]


def _loaded(tx: WriteTx, alert_id: UUID) -> Alert:
    """A row that this transaction wrote past the session, as it is now."""
    statement = select(Alert).where(Alert.id == alert_id).execution_options(populate_existing=True)
    return tx.get(statement, AlertNotFound)


def _previous(tx: ReadTx, finding: Finding, alert_id: UUID) -> UUID | None:
    return tx.scalar(
        select(Alert.id)
        .where(
            Alert.subject == finding.subject,
            Alert.source == finding.source,
            Alert.key == finding.key,
            Alert.id != alert_id,
        )
        .order_by(Alert.created_at.desc(), Alert.id.desc())
        .limit(1)
    )


def _change_severity(tx: WriteTx, alert_id: UUID, finding: Finding) -> None:
    alert = _loaded(tx, alert_id)
    before, alert.severity = alert.severity, finding.severity
    touch(tx, alert)
    tx.emit(
        AlertUpdated(alert_id=alert.id, from_severity=before, to_severity=finding.severity),
        subject=ref("alert", alert.id),
        related=[finding.subject],
        before={"severity": before},
        after={"severity": finding.severity},
    )
