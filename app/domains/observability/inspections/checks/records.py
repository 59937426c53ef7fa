"""What the tenant's own records say: the audit chain, open alerts, who is on call."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.domains.observability.alerts.engine import oncall_target
from app.domains.observability.alerts.models import Alert
from app.domains.observability.inspections.checks.base import (
    AuditPlace,
    Check,
    Ground,
    Outcome,
    failed,
    passed,
    warned,
)
from app.domains.observability.inspections.words import CheckStatus, Weight
from app.domains.observability.oncall.models import OncallShift
from app.domains.observability.words import AlertStatus, Severity, Source
from app.kernel.tx import AnyRow
from app.platform import audit

OPEN_AT_MOST = 3
AHEAD = timedelta(hours=24)


def chain_verified(ground: Ground) -> Outcome:
    """The links since the last inspection, from a hash that was written down outside the chain."""
    start = ground.audit_from
    anchor = (
        audit.Anchor(since_seq=start.seq, anchor_seq=start.seq, anchor_hash=start.hash.hex())
        if start
        else audit.Anchor()
    )
    found = audit.verify_chain(ground.tx, anchor)
    evidence = {
        "since_seq": start.seq if start else 0,
        "checked": found.checked,
        "head_seq": found.head_seq,
        "unsealed": found.unsealed,
    }
    if found.first_mismatch is not None:
        mismatch = found.first_mismatch.model_dump(mode="json")
        return failed(
            f"The audit log does not match its chain at place {found.first_mismatch.seq}:"
            f" {found.first_mismatch.reason}.",
            mismatch=mismatch,
            **evidence,
        )
    place = AuditPlace(found.head_seq, bytes.fromhex(found.head_hash)) if found.head_seq else None
    return Outcome(
        CheckStatus.PASS, f"{found.checked} links hold, up to place {found.head_seq}.", evidence, place
    )


def open_budget(ground: Ground) -> Outcome:
    """Alerts that nobody has taken on. What inspections raise themselves doesn't count."""
    count = (
        ground.tx.scalar(
            select(func.count()).where(
                Alert.status == AlertStatus.OPEN,
                Alert.severity.in_([Severity.P1, Severity.P2]),
                Alert.source != Source.SECURITY,
            )
        )
        or 0
    )
    if count > OPEN_AT_MOST:
        return warned(f"{count} alerts of P1 or P2 are open and nobody has taken them on.", open=count)
    return passed(f"{count} alerts of P1 or P2 are open.", open=count)


def oncall_coverage(ground: Ground) -> Outcome:
    """Somebody answers now, and at every moment of the next 24 hours."""
    now = ground.tx.now
    shifts = ground.tx.all(
        select(OncallShift.starts_at, OncallShift.ends_at)
        .where(OncallShift.is_active, OncallShift.ends_at > now, OncallShift.starts_at < now + AHEAD)
        .order_by(OncallShift.starts_at)
    )
    if oncall_target(ground.tx) is None:
        return warned("Nobody is on call now.", shifts=len(shifts))
    gap = _first_gap(shifts, now, now + AHEAD)
    if gap is not None:
        return warned(f"Nobody is on call from {gap:%Y-%m-%d %H:%M} UTC.", gap_from=gap.isoformat())
    return passed("Somebody is on call for the next 24 hours.", shifts=len(shifts))


def _first_gap(shifts: Sequence[AnyRow], start: datetime, end: datetime) -> datetime | None:
    """When the first moment without a shift begins; `shifts` by their start."""
    covered = start
    for shift in shifts:
        if shift.starts_at > covered:
            return covered
        covered = max(covered, shift.ends_at)
    return covered if covered < end else None


CHECKS = (
    Check(
        "audit.chain_verified",
        Weight.CRITICAL,
        "Nobody changed the audit log",
        "Keep the database as it is, restore a copy from before the named place, and compare.",
        chain_verified,
    ),
    Check(
        "alerts.open_budget",
        Weight.LOW,
        "Alerts are being answered",
        "Take them on: POST /api/observability/alerts/{id}:ack, or close what is over.",
        open_budget,
    ),
    Check(
        "oncall.coverage",
        Weight.MEDIUM,
        "Somebody is on call",
        "Add shifts: POST /api/alert/oncall/shifts.",
        oncall_coverage,
    ),
)
