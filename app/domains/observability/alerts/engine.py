"""One alert for each thing that is wrong: raised and resolved in the transaction that noticed.

The database keeps one open alert per (source, key, subject), so raising is safe to repeat and safe to race: the
first opens it, the others count. After it is closed, the next raise opens a new one that names the old.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from app.domains.observability.alerts.models import Alert, OncallShift
from app.domains.observability.errors import AlertClosed, AlertNotFound
from app.domains.observability.events import (
    AlertClosedEvent,
    AlertCreated,
    AlertUpdated,
    AlertWorkLinked,
)
from app.domains.observability.words import AlertStatus, Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.tx import ReadTx, WriteTx


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with what.

    `key`: the rule that noticed, stable over time (`asset.health`). `subject`: the object, as in the thread
    (`asset:<id>`). `related`: other objects whose threads should show the alert. `value`: the figure that broke
    the rule, in the rule's unit.
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
    """Open an alert, or count once more on the one that is open. Title and message are cut to 200 and 500."""
    statement = insert(Alert).values(_row(tx, finding))
    new = statement.excluded
    seen = statement.on_conflict_do_update(
        index_elements=["tenant_id", "source", "key", "subject"],
        index_where=text("status <> 'CLOSED'"),
        set_={
            "occurrences": Alert.occurrences + 1,
            "last_seen_at": new.last_seen_at,
            "value": new.value,
            "message": new.message,
        },
    ).returning(Alert.id, Alert.occurrences, Alert.severity)
    row = tx.execute(seen).one()
    if row.occurrences > 1:
        if row.severity != finding.severity:
            _change_severity(tx, row.id, finding)
        return Raised(row.id, opened=False)
    target = _name_target(tx, row.id, finding)
    tx.emit(
        AlertCreated(
            alert_id=row.id,
            source=finding.source,
            key=finding.key,
            severity=finding.severity,
            title=finding.title[:200],
            target=target,
        ),
        subject=ref("alert", row.id),
        related=[finding.subject, *finding.related],
        after={"message": finding.message[:500], "value": finding.value, "labels": dict(finding.labels)},
    )
    return Raised(row.id, opened=True)


def resolve_alert(tx: WriteTx, source: Source, key: str, subject: str, *, reason: str) -> UUID | None:
    """Close what is open for this rule and object; None when nothing was."""
    found = tx.objects(
        select(Alert)
        .where(
            Alert.source == source,
            Alert.key == key,
            Alert.subject == subject,
            Alert.status != AlertStatus.CLOSED,
        )
        .with_for_update()
    )
    for alert in found:
        close(tx, alert, reason=reason)
    return found[0].id if found else None


def link_work(tx: WriteTx, alert_id: UUID, work_ref: str) -> None:
    """Remember which work was opened for an alert. Raises `AlertNotFound`, `AlertClosed`."""
    alert = lock_open(tx, alert_id)
    alert.work_ref = work_ref
    touch(tx, alert)
    tx.emit(
        AlertWorkLinked(alert_id=alert.id, work_ref=work_ref),
        subject=ref("alert", alert.id),
        related=[work_ref, alert.subject],
    )


def close_by_work(tx: WriteTx, work_ref: str, *, reason: str) -> list[UUID]:
    """Close the alerts that this work was opened for; their ids."""
    found = tx.objects(
        select(Alert)
        .where(Alert.work_ref == work_ref, Alert.status != AlertStatus.CLOSED)
        .order_by(Alert.id)
        .with_for_update()
    )
    for alert in found:
        close(tx, alert, reason=reason)
    return [alert.id for alert in found]


def lock_open(tx: WriteTx, alert_id: UUID) -> Alert:
    """Raises `AlertNotFound`, `AlertClosed`, `PreconditionFailed`."""
    alert = tx.get(select(Alert).where(Alert.id == alert_id).with_for_update(), AlertNotFound)
    tx.match(alert)
    if alert.status == AlertStatus.CLOSED:
        raise AlertClosed("The alert is closed; a new one opens when it happens again.")
    return alert


def close(tx: WriteTx, alert: Alert, *, reason: str) -> None:
    """Close an alert that is locked and open."""
    before = {"status": alert.status}
    alert.status = AlertStatus.CLOSED
    alert.closed_at = tx.now
    alert.closed_by = tx.actor
    alert.close_reason = reason[:500]
    touch(tx, alert)
    tx.emit(
        AlertClosedEvent(alert_id=alert.id, source=alert.source, key=alert.key, reason=reason[:500]),
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
    return tx.scalar(
        select(OncallShift.target)
        .where(OncallShift.is_active, OncallShift.starts_at <= tx.now, OncallShift.ends_at > tx.now)
        .order_by(OncallShift.starts_at.desc(), OncallShift.id.desc())
        .limit(1)
    )


def _row(tx: WriteTx, finding: Finding) -> dict[str, Any]:
    return {
        "tenant_id": tx.tenant_id,
        "id": new_id(),
        "source": finding.source,
        "key": finding.key,
        "subject": finding.subject,
        "severity": finding.severity,
        "title": finding.title[:200],
        "message": finding.message[:500],
        "labels": dict(finding.labels),
        "value": finding.value,
        "policy_id": finding.policy_id,
        "rule_id": finding.rule_id,
        "runbook_url": finding.runbook_url,
        "occurrences": 1,
        "last_seen_at": tx.now,
        "created_at": tx.now,
        "updated_at": tx.now,
    }


def _name_target(tx: WriteTx, alert_id: UUID, finding: Finding) -> str | None:
    alert = tx.get(select(Alert).where(Alert.id == alert_id), AlertNotFound)
    alert.target = oncall_target(tx)
    alert.previous_id = tx.scalar(
        select(Alert.id)
        .where(
            Alert.subject == finding.subject,
            Alert.source == finding.source,
            Alert.key == finding.key,
            Alert.id != alert_id,
        )
        .order_by(Alert.created_at.desc())
        .limit(1)
    )
    tx.flush()
    return alert.target


def _change_severity(tx: WriteTx, alert_id: UUID, finding: Finding) -> None:
    alert = tx.get(select(Alert).where(Alert.id == alert_id), AlertNotFound)
    before, alert.severity = alert.severity, finding.severity
    touch(tx, alert)
    tx.emit(
        AlertUpdated(alert_id=alert.id, from_severity=before, to_severity=finding.severity),
        subject=ref("alert", alert.id),
        related=[finding.subject],
    )
