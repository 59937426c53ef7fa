"""What the worker does for objectives: count minutes, evaluate on schedule, forget old evaluations."""

from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import Table, delete, func, select

from app.domains.observability.signals.models import SignalBatch
from app.domains.observability.slo import evaluation
from app.domains.observability.slo.counts import MINUTE, floor, from_signals
from app.domains.observability.slo.models import SloEvaluation, SloMinute, SloPolicy
from app.domains.observability.slo.windows import Window
from app.domains.observability.slo.words import AlertOn
from app.kernel.db.bulk import insert_rows
from app.kernel.jobs.engine import Job, JobContext
from app.kernel.tx import AnySelect, WriteTx

SETTLED = timedelta(minutes=10)
"""A minute is counted when it is so old. Batches are looked through again for as long, for those that commit late."""
AT_ONCE = timedelta(days=1)
KEPT = timedelta(days=35)
_JITTER = timedelta(seconds=5)  # a tick that comes early must not skip a turn
_MINUTES = cast(Table, SloMinute.__table__)
_COLUMNS = ("tenant_id", "policy_id", "at", "total", "good")
_MOST_LATE = 10_000


def run_schedule(context: JobContext) -> None:
    """Evaluate what is due, each objective in a transaction of its own."""
    for policy_id in context.write(due):
        context.write(lambda tx, one=policy_id: evaluate_due(tx, one))  # type: ignore[misc]


def due(tx: WriteTx) -> list[UUID]:
    """The active objectives whose time has come, oldest first."""
    rows = tx.all(
        select(SloPolicy.id)
        .where(SloPolicy.is_active, SloPolicy.next_evaluation_at <= tx.now)
        .order_by(SloPolicy.next_evaluation_at, SloPolicy.id)
        .limit(1000)
    )
    return [row.id for row in rows]


def evaluate_due(tx: WriteTx, policy_id: UUID) -> None:
    """Evaluate an objective unless somebody did already, or has it in hand."""
    wanted = select(SloPolicy).where(
        SloPolicy.id == policy_id, SloPolicy.is_active, SloPolicy.next_evaluation_at <= tx.now
    )
    for policy in tx.objects(wanted.with_for_update(skip_locked=True)):
        evaluation.keep(tx, policy, by_hand=False)
        policy.next_evaluation_at = tx.now + every(policy) - _JITTER
        tx.flush()


def every(policy: SloPolicy) -> timedelta:
    """How often the schedule looks: each minute for burn rates, else once a window, at least each five minutes."""
    return timedelta(minutes=1 if AlertOn(policy.alert_on).on_burn else min(5, policy.window_minutes))


def run_counting(context: JobContext) -> None:
    """Bring the counts of every active objective up to ten minutes ago."""
    for policy_id in context.write(lambda tx: [row.id for row in tx.all(_active())]):
        while context.write(lambda tx, one=policy_id: count(tx, one)):  # type: ignore[misc]
            pass


def count(tx: WriteTx, policy_id: UUID) -> bool:
    """Count up to a day more, and late signals again; whether there is more to do."""
    policy = tx.session.scalar(select(SloPolicy).where(SloPolicy.id == policy_id).with_for_update())
    if policy is None:
        return False
    settled = floor(tx.now - SETTLED)
    _count_late(tx, policy)
    until = min(settled, policy.counted_to + AT_ONCE)
    if policy.counted_to < until:
        _store(tx, policy, policy.counted_to, until)
        policy.counted_to = until
    _forget(tx, policy)
    tx.flush()
    return until < settled


def forget_evaluations(tx: WriteTx) -> None:
    """Remove evaluations that are older than 35 days."""
    tx.execute(delete(SloEvaluation).where(SloEvaluation.created_at < tx.now - KEPT))


def _count_late(tx: WriteTx, policy: SloPolicy) -> None:
    """Count minutes again in which batches put signals after they were counted."""
    minutes = tx.all(
        select(func.unnest(SignalBatch.minutes).label("at"))
        .where(SignalBatch.received_at >= policy.late_seen_at - SETTLED)
        .distinct()
        .limit(_MOST_LATE)
    )
    late = sorted(
        floor(row.at) for row in minutes if policy.counted_from <= floor(row.at) < policy.counted_to
    )
    for start, end in _runs(late):
        _store(tx, policy, start, end)
    policy.late_seen_at = tx.now


def _runs(minutes: list[datetime]) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    for at in minutes:
        if found and at <= found[-1][1]:
            found[-1] = (found[-1][0], at + MINUTE)
        else:
            found.append((at, at + MINUTE))
    return found


def _store(tx: WriteTx, policy: SloPolicy, start: datetime, end: datetime) -> None:
    insert_rows(
        tx.conn,
        _MINUTES,
        _COLUMNS,
        [(tx.tenant_id, policy.id, *row) for row in from_signals(tx, policy, start, end)],
        on_conflict="ON CONFLICT (tenant_id, policy_id, at) DO UPDATE"
        " SET total = excluded.total, good = excluded.good",
    )


def _forget(tx: WriteTx, policy: SloPolicy) -> None:
    windows = [Window.of(stored) for stored in policy.objective_windows]
    first = floor(min(window.around(tx.now, policy.timezone)[0] for window in windows))
    tx.execute(delete(SloMinute).where(SloMinute.policy_id == policy.id, SloMinute.at < first))


def _active() -> AnySelect:
    return select(SloPolicy.id).where(SloPolicy.is_active).order_by(SloPolicy.id)


EVALUATE = Job("slo.evaluate", run_schedule, cron="* * * * *", attempts=1, free=True)
COUNT = Job("slo.count", run_counting, queue="batch", cron="*/5 * * * *", attempts=1, free=True)
FORGET = Job("slo.forget", forget_evaluations, queue="batch", cron="23 3 * * *")
JOBS = (EVALUATE, COUNT, FORGET)
