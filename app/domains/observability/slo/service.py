"""Setting, changing and removing objectives."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import select

from app.domains.observability.alerts.engine import resolve_alert
from app.domains.observability.slo.errors import SloPolicyNotFound
from app.domains.observability.slo.events import SloPolicyCreated, SloPolicyDeleted, SloPolicyUpdated
from app.domains.observability.slo.models import SloMinute, SloPolicy
from app.domains.observability.slo.schemas import SloPolicyCreate, SloPolicyPatch
from app.domains.observability.slo.windows import Window
from app.domains.observability.slo.words import AlertOn
from app.domains.observability.words import Source
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx

BREACH = "slo.breach"
BURN = "slo.burn"
FIRST_WAIT = timedelta(minutes=5)
_CLEARABLE = {"description", "runbook_url", "latency_threshold_ms"}
_COUNTED = {"service_name", "signal_name", "latency_threshold_ms", "objective_windows", "timezone"}


def subject(policy_id: UUID) -> str:
    return ref("slo", policy_id)


def create(tx: WriteTx, data: SloPolicyCreate) -> SloPolicy:
    """The database refuses a taken key. The schedule comes one window, at least five minutes, later."""
    fields = data.model_dump(mode="json")
    policy = SloPolicy(**fields, created_by=tx.actor, created_at=tx.now, updated_at=tx.now)
    policy.next_evaluation_at = tx.now + max(FIRST_WAIT, timedelta(minutes=data.window_minutes))
    forget_counts(tx, policy)
    tx.add(policy)
    tx.emit(
        SloPolicyCreated(policy_id=policy.id, policy_key=policy.policy_key),
        subject=subject(policy.id),
        after=fields,
    )
    return policy


def change(tx: WriteTx, policy_id: UUID, data: SloPolicyPatch) -> SloPolicy:
    """Raises `SloPolicyNotFound`, `PreconditionFailed`."""
    policy = lock(tx, policy_id)
    tx.match(policy)
    given = data.model_dump(mode="json", exclude_unset=True)
    changes = {name: value for name, value in given.items() if value is not None or name in _CLEARABLE}
    before = {name: getattr(policy, name) for name in changes}
    for name, value in changes.items():
        setattr(policy, name, value)
    if any(before[name] != changes[name] for name in _COUNTED & set(changes)):
        forget_counts(tx, policy)
    _keep_alerts_true(tx, policy)
    policy.version += 1
    policy.updated_at = tx.now
    tx.flush()
    tx.emit(
        SloPolicyUpdated(policy_id=policy.id, policy_key=policy.policy_key),
        subject=subject(policy.id),
        before=before,
        after=changes,
    )
    return policy


def delete(tx: WriteTx, policy_id: UUID) -> None:
    """Raises `SloPolicyNotFound`, `PreconditionFailed`. Its evaluations and counts go with it."""
    policy = lock(tx, policy_id)
    tx.match(policy)
    _resolve(tx, policy, BREACH, BURN, reason="The objective was removed.")
    tx.session.delete(policy)
    tx.flush()
    tx.emit(
        SloPolicyDeleted(policy_id=policy_id, policy_key=policy.policy_key),
        subject=subject(policy_id),
        before=_document(policy),
    )


def lock(tx: WriteTx, policy_id: UUID) -> SloPolicy:
    """Raises `SloPolicyNotFound`."""
    return tx.get(select(SloPolicy).where(SloPolicy.id == policy_id).with_for_update(), SloPolicyNotFound)


def forget_counts(tx: WriteTx, policy: SloPolicy) -> None:
    """Count again from the start of the longest window; until that is done, budgets read the raw signals."""
    windows = [Window.of(stored) for stored in policy.objective_windows]
    first = min(window.around(tx.now, policy.timezone)[0] for window in windows)
    policy.counted_from = policy.counted_to = first.replace(second=0, microsecond=0)
    policy.late_seen_at = tx.now
    if policy.id is not None:
        tx.execute(delete_rows(SloMinute).where(SloMinute.policy_id == policy.id))


def _keep_alerts_true(tx: WriteTx, policy: SloPolicy) -> None:
    if not policy.is_active:
        _resolve(tx, policy, BREACH, BURN, reason="The objective was switched off.")
    elif not AlertOn(policy.alert_on).on_breach:
        _resolve(tx, policy, BREACH, reason="The objective no longer alerts on a breach.")
    elif not AlertOn(policy.alert_on).on_burn:
        _resolve(tx, policy, BURN, reason="The objective no longer alerts on its burn rate.")


def _resolve(tx: WriteTx, policy: SloPolicy, *keys: str, reason: str) -> None:
    for key in keys:
        resolve_alert(tx, Source.SLO, key, subject(policy.id), reason=reason)


def _document(policy: SloPolicy) -> dict[str, Any]:
    names = ("policy_key", "service_name", "signal_name", "target_ratio", "objective_windows", "is_active")
    return {name: getattr(policy, name) for name in names}
