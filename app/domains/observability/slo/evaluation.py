"""Evaluating objectives: one at a time under its lock, so that many evaluations at once open one alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.observability.alerts.engine import Finding, oncall_target, raise_alert, resolve_alert
from app.domains.observability.alerts.models import Alert
from app.domains.observability.signals.queries import window_counts
from app.domains.observability.slo import burning, queries
from app.domains.observability.slo.burn import Counts
from app.domains.observability.slo.errors import NoActiveSloPolicy
from app.domains.observability.slo.events import SloEvaluated
from app.domains.observability.slo.models import SloEvaluation, SloPolicy
from app.domains.observability.slo.service import BREACH, subject
from app.domains.observability.slo.words import AlertOn, SloStatus
from app.domains.observability.words import Severity, Source
from app.kernel.ids import new_id
from app.kernel.tx import ReadTx, WriteTx

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An evaluation as its columns; `opened`: how many alerts it opened."""

    row: dict[str, Any]
    opened: int


def evaluate(
    tx: WriteTx, policy_ids: Sequence[UUID] | None, *, window_minutes: int | None, dry_run: bool
) -> list[Outcome]:
    """Evaluate these, or all active ones when none is named. A dry run neither writes nor locks. Raises `NoActiveSloPolicy`."""
    wanted = select(SloPolicy).where(SloPolicy.is_active).order_by(SloPolicy.id)
    if policy_ids:
        wanted = wanted.where(SloPolicy.id.in_(policy_ids))
    found = tx.objects(wanted if dry_run else wanted.with_for_update())
    if not found:
        raise NoActiveSloPolicy("No active objective matches.")
    return [
        look_at(tx, policy, window_minutes) if dry_run else keep(tx, policy, window_minutes, by_hand=True)
        for policy in found
    ]


def look_at(tx: ReadTx, policy: SloPolicy, window_minutes: int | None = None) -> Outcome:
    """What an evaluation now would find."""
    minutes = window_minutes or policy.window_minutes
    start, end = tx.now - timedelta(minutes=minutes), tx.now
    raw, p95, corrected = _measure(tx, policy, start, end)
    breached = corrected.total >= policy.minimum_samples and availability(corrected) < policy.target_ratio
    triggered = breached and AlertOn(policy.alert_on).on_breach
    row = {
        "id": None,
        "tenant_id": tx.tenant_id,
        "policy_id": policy.id,
        "policy_key": policy.policy_key,
        "window_start": start,
        "window_end": end,
        "target_ratio": policy.target_ratio,
        "total_samples": raw.total,
        "good_samples": raw.good,
        "availability_ratio": availability(raw),
        "error_ratio": raw.error_ratio,
        "corrected_total_samples": corrected.total,
        "corrected_good_samples": corrected.good,
        "corrected_availability_ratio": availability(corrected),
        "p95_latency_ms": p95,
        "status": SloStatus.BREACHED if breached else SloStatus.HEALTHY,
        "alert_triggered": triggered,
        "alert_event_id": None,
        "oncall_target": oncall_target(tx) if triggered else None,
        "detail": {"enough_samples": corrected.total >= policy.minimum_samples},
        "created_at": tx.now,
    }
    return Outcome(row, opened=0)


def keep(tx: WriteTx, policy: SloPolicy, window_minutes: int | None = None, *, by_hand: bool) -> Outcome:
    """Evaluate a policy that is locked: store the evaluation, open or close its alert."""
    row = look_at(tx, policy, window_minutes).row | {"id": new_id()}
    previous = queries.latest_status(tx, policy.id)
    opened = 0
    if row["alert_triggered"]:
        raised = raise_alert(tx, _finding(policy, row))
        opened = int(raised.opened)
        row["alert_event_id"] = raised.alert_id
        row["oncall_target"] = tx.scalar(select(Alert.target).where(Alert.id == raised.alert_id))
    elif row["detail"]["enough_samples"]:
        ratio = row["corrected_availability_ratio"]
        resolve_alert(
            tx, Source.SLO, BREACH, subject(policy.id), reason=f"Availability is back at {ratio:.3%}."
        )
    if AlertOn(policy.alert_on).on_burn:
        burn = burning.tell(tx, policy)
        opened += int(burn is not None and burn.opened)
    tx.add(SloEvaluation(**row))
    if by_hand or row["status"] != (previous or SloStatus.HEALTHY):
        _tell(tx, policy, row, previous)
    return Outcome(row, opened)


def availability(counts: Counts) -> float:
    """Good events over all events; 1 without events."""
    return counts.good / counts.total if counts.total else 1.0


def _measure(
    tx: ReadTx, policy: SloPolicy, start: datetime, end: datetime
) -> tuple[Counts, float | None, Counts]:
    """Raw counts and p95 of `[start, end]`, and the counts without what corrections exclude."""

    def count(low: datetime, high: datetime) -> tuple[int, int, float | None]:
        return window_counts(
            tx, policy.service_name, policy.signal_name, low, high, policy.latency_threshold_ms
        )

    total, good, p95 = count(start, end + _INSTANT)
    left_total, left_good = total, good
    for low, high in queries.excluded(tx, policy.id, start, end + _INSTANT):
        out_total, out_good, _ = count(low, high)
        left_total, left_good = left_total - out_total, left_good - out_good
    return Counts(total, good), p95, Counts(left_total, left_good)


def _finding(policy: SloPolicy, row: dict[str, Any]) -> Finding:
    total, good = row["corrected_total_samples"], row["corrected_good_samples"]
    ratio = row["corrected_availability_ratio"]
    return Finding(
        Source.SLO,
        BREACH,
        subject(policy.id),
        Severity(policy.alert_severity),
        title=f"{policy.policy_key} misses its objective",
        message=(
            f"{good} of {total} {policy.signal_name} signals of {policy.service_name} were good ({ratio:.3%});"
            f" the objective is {policy.target_ratio:.3%}."
        ),
        labels={
            "policy_key": policy.policy_key,
            "service_name": policy.service_name,
            "signal_name": policy.signal_name,
        },
        value=ratio,
        runbook_url=policy.runbook_url,
        policy_id=policy.id,
    )


def _tell(tx: WriteTx, policy: SloPolicy, row: dict[str, Any], previous: str | None) -> None:
    tx.emit(
        SloEvaluated(
            policy_id=policy.id,
            policy_key=policy.policy_key,
            status=row["status"],
            previous_status=previous,
            availability_ratio=row["corrected_availability_ratio"],
            total_samples=row["total_samples"],
        ),
        subject=subject(policy.id),
    )
