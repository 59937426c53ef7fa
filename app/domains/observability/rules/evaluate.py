"""Evaluating rules on signals: measure, compare with what was known, raise and resolve.

The rule's row is locked first, so any number of evaluations at once do the work of one after the other, and the
alert's own constraint keeps one open alert per object whatever happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.domains.observability.alerts.engine import Finding, raise_alert, resolve_alert
from app.domains.observability.rules import measure
from app.domains.observability.rules.decide import Known, Phase, Verdict, breached, decide
from app.domains.observability.rules.measure import Measured
from app.domains.observability.rules.models import AlertRule, AlertRuleState
from app.domains.observability.rules.schemas import (
    CONDITION,
    Absence,
    Evaluated,
    OnEvent,
    RulesEvaluated,
    Threshold,
)
from app.domains.observability.rules.templates import fill
from app.domains.observability.words import Severity, Source
from app.kernel.jobs.engine import Job
from app.kernel.tx import ReadTx, WriteTx

log = structlog.get_logger("hangar.rules")


@dataclass(slots=True)
class Tally:
    raised: int = 0
    resolved: int = 0


def rule_key(rule_id: UUID) -> str:
    """The `key` of a rule's alerts."""
    return f"rule:{rule_id}"


def evaluate_rules(tx: WriteTx, rule_ids: Sequence[UUID], *, dry_run: bool) -> RulesEvaluated:
    """Evaluate these rules in the order of their ids. A dry run writes nothing and locks nothing."""
    items: list[Evaluated] = []
    tally = Tally()
    for rule_id in sorted(rule_ids):
        items += _evaluate(tx, rule_id, tally, dry_run=dry_run)
    return RulesEvaluated(
        dry_run=dry_run,
        evaluated_count=len(rule_ids),
        firing_count=sum(item.phase is Phase.FIRING for item in items),
        raised_count=tally.raised,
        resolved_count=tally.resolved,
        items=items,
    )


def active_signal_rules(tx: ReadTx) -> list[UUID]:
    rows = tx.all(
        select(AlertRule.id).where(AlertRule.is_active, AlertRule.kind.in_(("threshold", "absence")))
    )
    return [row.id for row in rows]


def evaluate_all(tx: WriteTx) -> None:
    """Every active rule on signals; one that fails is logged and leaves the others alone."""
    for rule_id in sorted(active_signal_rules(tx)):
        try:
            with tx.savepoint():
                _evaluate(tx, rule_id, Tally(), dry_run=False)
        except Exception:
            log.exception("rule_failed", rule_id=str(rule_id), tenant_id=str(tx.tenant_id))


EVALUATE = Job("observability.evaluate_rules", evaluate_all, queue="batch", cron="* * * * *", attempts=1)


def _evaluate(tx: WriteTx, rule_id: UUID, tally: Tally, *, dry_run: bool) -> list[Evaluated]:
    wanted = select(AlertRule).where(AlertRule.id == rule_id).execution_options(populate_existing=True)
    found = tx.objects(wanted if dry_run else wanted.with_for_update())
    if not found or not found[0].is_active:
        return []
    rule, condition = found[0], CONDITION.validate_python(found[0].condition)
    if isinstance(condition, OnEvent):
        return []
    known = {
        row.object: row for row in tx.all(select(AlertRuleState).where(AlertRuleState.rule_id == rule_id))
    }
    measured = {each.object: each for each in _measure(tx, condition)}
    for gone in known.keys() - measured.keys():
        # What is silent for longer than the rule looks back did not come back by that.
        measured[gone] = Measured(gone, None, absent=True)
    items = []
    for name, each in sorted(measured.items()):
        verdict = _verdict(tx, condition, each, known.get(name))
        items.append(_item(rule, each, verdict))
        if not dry_run:
            _act(tx, rule, condition, each, verdict, tally)
    return items


def _measure(tx: ReadTx, condition: Threshold | Absence) -> list[Measured]:
    return (
        measure.threshold(tx, condition)
        if isinstance(condition, Threshold)
        else measure.absence(tx, condition)
    )


def _verdict(tx: ReadTx, condition: Threshold | Absence, each: Measured, row: Any) -> Verdict:
    known = Known(row.pending_since, row.firing) if row is not None else None
    if isinstance(condition, Threshold):
        clear = condition.threshold if condition.clear_threshold is None else condition.clear_threshold
        holds = breached(
            each.value,
            condition.comparator,
            condition.threshold,
            clear,
            firing=known is not None and known.firing,
        )
    else:
        holds = each.absent
    return decide(known, holds=holds, now=tx.now, for_seconds=condition.for_seconds)


def _act(
    tx: WriteTx,
    rule: AlertRule,
    condition: Threshold | Absence,
    each: Measured,
    verdict: Verdict,
    tally: Tally,
) -> None:
    _keep(tx, rule.id, each, verdict)
    if verdict.phase is Phase.FIRING:
        tally.raised += raise_alert(tx, _finding(rule, condition, each)).opened
    elif verdict.recovered:
        closed = resolve_alert(tx, Source.RULE, rule_key(rule.id), each.object, reason="Back to normal.")
        tally.resolved += closed is not None


def _keep(tx: WriteTx, rule_id: UUID, each: Measured, verdict: Verdict) -> None:
    state = AlertRuleState
    if verdict.pending_since is None:
        tx.execute(delete(state).where(state.rule_id == rule_id, state.object == each.object))
        return
    row = {
        "tenant_id": tx.tenant_id,
        "rule_id": rule_id,
        "object": each.object,
        "pending_since": verdict.pending_since,
        "firing": verdict.phase is Phase.FIRING,
        "value": each.value,
        "evaluated_at": tx.now,
    }
    changed = {name: row[name] for name in ("pending_since", "firing", "value", "evaluated_at")}
    tx.execute(
        insert(state)
        .values(row)
        .on_conflict_do_update(index_elements=["tenant_id", "rule_id", "object"], set_=changed)
    )


def _finding(rule: AlertRule, condition: Threshold | Absence, each: Measured) -> Finding:
    labels = rule.labels | each.labels
    values = {
        **condition.model_dump(mode="json", exclude={"kind"}),
        "rule": rule.name,
        "subject": each.object,
        "object": each.object.partition(":")[2],
        "severity": rule.severity,
        "labels": labels,
        "value": each.value,
    }
    return Finding(
        source=Source.RULE,
        key=rule_key(rule.id),
        subject=each.object,
        severity=Severity(rule.severity),
        title=fill(rule.title_template, values),
        message=fill(rule.message_template, values),
        labels=labels | {"rule": rule.name},
        value=each.value,
        runbook_url=rule.runbook_url,
        rule_id=rule.id,
    )


def _item(rule: AlertRule, each: Measured, verdict: Verdict) -> Evaluated:
    return Evaluated(
        rule_id=rule.id,
        object=each.object,
        value=each.value,
        phase=verdict.phase,
        recovered=verdict.recovered,
    )
