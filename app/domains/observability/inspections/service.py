"""Use cases of inspections."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.domains.observability.alerts.engine import Finding, raise_alert, resolve_alert
from app.domains.observability.inspections import queries
from app.domains.observability.inspections.checks import BY_KEY
from app.domains.observability.inspections.checks.base import AuditPlace, Outcome
from app.domains.observability.inspections.errors import CheckUnknown, InspectionNotFound
from app.domains.observability.inspections.events import (
    CheckWaived,
    InspectionCompleted,
    InspectionFailed,
    InspectionStarted,
)
from app.domains.observability.inspections.look import LONGEST_MESSAGE, Findings
from app.domains.observability.inspections.models import InspectionItem, InspectionRun, InspectionWaiver
from app.domains.observability.inspections.schemas import WaiverSet
from app.domains.observability.inspections.score import Score, score, trend
from app.domains.observability.inspections.words import CheckStatus, InspectionStatus
from app.domains.observability.words import Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.jobs.wait import announce
from app.kernel.problem import invalid
from app.kernel.tx import ReadTx, WriteTx

LONGEST_WAIVER = timedelta(days=366)
KEPT = timedelta(days=400)


def begin(tx: WriteTx, baseline_version: str) -> UUID:
    """A run that has not looked yet; its id."""
    run = tx.add(
        InspectionRun(
            baseline_version=baseline_version,
            executed_by=tx.actor,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    tx.emit(
        InspectionStarted(inspection_id=run.id, baseline_version=baseline_version),
        subject=ref("inspection", run.id),
    )
    return run.id


def audit_place(tx: ReadTx) -> AuditPlace | None:
    """Where the last completed run found the audit chain intact."""
    last = queries.last_completed(tx)
    if last is None or last.audit_seq is None:
        return None
    return AuditPlace(last.audit_seq, bytes(last.audit_hash))


def conclude(tx: WriteTx, run_id: UUID, found: Findings) -> None:
    """Store what was found, raise and resolve alerts, wake who waits. A run that has ended is left alone."""
    run = _lock(tx, run_id)
    if run.status != InspectionStatus.RUNNING:
        return
    waived = queries.waivers(tx)
    figures = score(outcome.status for outcome in found.outcomes.values())
    _fill(tx, run, figures, found)
    _end(tx, run, InspectionStatus.COMPLETED)
    for key, outcome in found.outcomes.items():
        tx.session.add(_item(tx, run_id, key, outcome, waived=key in waived))
    tx.flush()
    for key in BY_KEY:
        _alert(tx, run_id, key, found.outcomes.get(key), waived=key in waived)
    tx.emit(
        InspectionCompleted(
            inspection_id=run.id,
            score_percent=figures.percent,
            failed_checks=figures.failed,
            new_failures=run.new_failures,
            fixed=run.fixed,
        ),
        subject=ref("inspection", run.id),
        related=[ref("tenant", tx.tenant_id)],
    )


def give_up(tx: WriteTx, run_id: UUID) -> None:
    """End a run that could not be carried out. Says nothing about any check, so alerts stay as they are."""
    run = _lock(tx, run_id)
    if run.status == InspectionStatus.RUNNING:
        _end(tx, run, InspectionStatus.FAILED)
        tx.emit(InspectionFailed(inspection_id=run.id), subject=ref("inspection", run.id))


def waive(tx: WriteTx, key: str, data: WaiverSet) -> InspectionWaiver:
    """Raises `CheckUnknown`, and `ValidationFailed` for an end more than a year away."""
    if key not in BY_KEY:
        raise CheckUnknown(f"There is no check {key}.")
    if data.expires_at > tx.now + LONGEST_WAIVER:
        raise invalid("expires_at", "too_late", "A waiver holds for a year at most.")
    waiver = _waiver(tx, key, data)
    tx.emit(
        CheckWaived(check_key=key, reason=data.reason, expires_at=data.expires_at.isoformat()),
        subject=ref("tenant", tx.tenant_id),
    )
    if data.expires_at > tx.now:
        _resolve(tx, key, f"Waived: {data.reason}")
    return waiver


def _waiver(tx: WriteTx, key: str, data: WaiverSet) -> InspectionWaiver:
    """The one waiver of a check, made or changed; of two who make it at once, one changes the other's."""
    values = {"reason": data.reason, "expires_at": data.expires_at, "created_by": tx.actor}
    made = tx.execute(
        insert(InspectionWaiver)
        .values(
            tenant_id=tx.tenant_id,
            id=new_id(),
            check_key=key,
            version=1,
            created_at=tx.now,
            updated_at=tx.now,
            **values,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "check_key"])
        .returning(InspectionWaiver.id)
    ).first()
    wanted = select(InspectionWaiver).where(InspectionWaiver.check_key == key).with_for_update()
    waiver = tx.get(wanted, CheckUnknown)
    tx.match(waiver)
    if made is None:
        for name, value in values.items():
            setattr(waiver, name, value)
        waiver.version += 1
        waiver.updated_at = tx.now
        tx.flush()
    return waiver


def forget(tx: WriteTx) -> int:
    """Delete runs older than is kept, with their items; how many."""
    old = delete(InspectionRun).where(
        InspectionRun.tenant_id == tx.tenant_id, InspectionRun.created_at < tx.now - KEPT
    )
    return tx.execute(old.execution_options(synchronize_session=False)).rowcount


def _lock(tx: WriteTx, run_id: UUID) -> InspectionRun:
    return tx.get(
        select(InspectionRun).where(InspectionRun.id == run_id).with_for_update(), InspectionNotFound
    )


def _fill(tx: ReadTx, run: InspectionRun, figures: Score, found: Findings) -> None:
    last = queries.last_completed(tx)
    now = {key: str(outcome.status) for key, outcome in found.outcomes.items()}
    change = trend(queries.statuses(tx, last.id) if last else {}, now)
    run.total_checks, run.score_percent = figures.total, figures.percent
    run.passed_checks, run.warned_checks, run.failed_checks = figures.passed, figures.warned, figures.failed
    run.new_failures, run.fixed = change.new_failures, change.fixed
    run.previous_id = last.id if last else None
    run.score_change = round(figures.percent - last.score_percent, 2) if last else None
    run.not_applicable = dict(found.not_applicable)
    intact = next((outcome.audit for outcome in found.outcomes.values() if outcome.audit), None)
    before = audit_place(tx)
    place = intact or before
    run.audit_seq, run.audit_hash = (place.seq, place.hash) if place else (None, None)


def _item(tx: WriteTx, run_id: UUID, key: str, outcome: Outcome, *, waived: bool) -> InspectionItem:
    return InspectionItem(
        tenant_id=tx.tenant_id,
        id=new_id(),
        run_id=run_id,
        check_key=key,
        severity=BY_KEY[key].severity,
        status=outcome.status,
        message=outcome.message[:LONGEST_MESSAGE],
        evidence=outcome.evidence,
        waived=waived,
        created_at=tx.now,
    )


def _end(tx: WriteTx, run: InspectionRun, status: InspectionStatus) -> None:
    run.status = status
    run.completed_at = run.updated_at = tx.now
    run.version += 1
    tx.flush()
    announce(tx, run.id)


def _alert(tx: WriteTx, run_id: UUID, key: str, outcome: Outcome | None, *, waived: bool) -> None:
    if outcome is None or outcome.status != CheckStatus.FAIL or waived:
        _resolve(tx, key, outcome.message if outcome else "There is nothing to look at any more.")
        return
    check = BY_KEY[key]
    raise_alert(
        tx,
        Finding(
            source=Source.SECURITY,
            key=f"security.{key}",
            subject=ref("tenant", tx.tenant_id),
            severity=Severity.P1,
            title=f"Failed: {check.title}",
            message=f"{outcome.message} {check.remediation}",
            related=[ref("inspection", run_id)],
            labels={"check_key": key, "severity": check.severity},
        ),
    )


def _resolve(tx: WriteTx, key: str, reason: str) -> None:
    resolve_alert(tx, Source.SECURITY, f"security.{key}", ref("tenant", tx.tenant_id), reason=reason)
