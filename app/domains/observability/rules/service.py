"""Use cases of alert rules."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from app.domains.observability.alerts import engine
from app.domains.observability.alerts.models import IS_OPEN, Alert
from app.domains.observability.errors import RuleNotFound
from app.domains.observability.events import RuleCreated, RuleDeleted, RuleUpdated
from app.domains.observability.rules.evaluate import active_signal_rules, evaluate_rules, rule_key
from app.domains.observability.rules.models import AlertRule, AlertRuleState
from app.domains.observability.rules.schemas import (
    CONDITION,
    OnEvent,
    RuleCreate,
    RulePatch,
    RulesEvaluate,
    RulesEvaluated,
    unknown_names,
)
from app.domains.observability.words import Source
from app.kernel.events.envelope import catalogue, ref
from app.kernel.problem import PermissionDenied, invalid
from app.kernel.tx import ReadTx, WriteTx
from app.platform import events

_OWN = "alert."


def create_rule(tx: WriteTx, data: RuleCreate) -> AlertRule:
    """422 for unknown names in templates and unknown event types; the database refuses a taken name.

    Raises `PermissionDenied` for a type of event that the caller may not read: the alert would tell of it.
    """
    fields = data.model_dump(mode="json")
    rule = AlertRule(
        **fields,
        kind=data.condition.kind,
        created_by=tx.actor,
        created_at=tx.now,
        updated_at=tx.now,
    )
    _check(tx, rule)
    tx.add(rule)
    tx.emit(
        RuleCreated(rule_id=rule.id, name=rule.name, kind=rule.kind),
        subject=ref("alert_rule", rule.id),
        after=fields,
    )
    return rule


def change_rule(tx: WriteTx, rule_id: UUID, data: RulePatch) -> AlertRule:
    """Raises `RuleNotFound`, and what `create_rule` does. A rule switched off or changed closes its alerts."""
    rule = _locked(tx, rule_id)
    changes = data.model_dump(mode="json", exclude_none=True)
    before = {name: getattr(rule, name) for name in changes}
    other_condition = data.condition is not None and changes["condition"] != rule.condition
    for name, value in changes.items():
        setattr(rule, name, value)
    rule.kind = rule.condition["kind"]
    _check(tx, rule)
    rule.version += 1
    rule.updated_at = tx.now
    tx.flush()
    if other_condition or not rule.is_active:
        _forget(tx, rule.id, "The rule was changed." if rule.is_active else "The rule was switched off.")
    tx.emit(
        RuleUpdated(rule_id=rule.id, name=rule.name, kind=rule.kind),
        subject=ref("alert_rule", rule.id),
        before=before,
        after=changes,
    )
    return rule


def delete_rule(tx: WriteTx, rule_id: UUID) -> None:
    """Remove a rule and close its alerts. Raises `RuleNotFound`."""
    rule = _locked(tx, rule_id)
    _forget(tx, rule.id, "The rule was deleted.")
    tx.session.delete(rule)
    tx.flush()
    tx.emit(RuleDeleted(rule_id=rule.id, name=rule.name, kind=rule.kind), subject=ref("alert_rule", rule.id))


def evaluate(tx: WriteTx, data: RulesEvaluate) -> RulesEvaluated:
    """Raises `RuleNotFound` when none of the named rules is an active rule on signals."""
    active = set(active_signal_rules(tx))
    wanted = active if data.rule_ids is None else active & set(data.rule_ids)
    if data.rule_ids is not None and not wanted:
        raise RuleNotFound("None of these is an active rule on signals.")
    return evaluate_rules(tx, sorted(wanted), dry_run=data.dry_run)


def _locked(tx: WriteTx, rule_id: UUID) -> AlertRule:
    rule = tx.get(select(AlertRule).where(AlertRule.id == rule_id).with_for_update(), RuleNotFound)
    tx.match(rule)
    return rule


def _check(tx: ReadTx, rule: AlertRule) -> None:
    condition = CONDITION.validate_python(rule.condition)
    for name in ("title_template", "message_template"):
        wrong = unknown_names(condition, getattr(rule, name))
        if wrong:
            raise invalid(name, "unknown_name", f"Names in braces, {wrong}.")
    if isinstance(condition, OnEvent):
        _check_type(tx, "event_type", condition.event_type)
        if condition.resolve_event_type is not None:
            _check_type(tx, "resolve_event_type", condition.resolve_event_type)


def _check_type(tx: ReadTx, field: str, event_type: str) -> None:
    if event_type not in catalogue() or event_type.startswith(_OWN):
        detail = f"There is no event {event_type} that a rule can follow; see /api/events/catalogue."
        raise invalid(f"condition/{field}", "unknown_event_type", detail)
    if not events.may_read(tx.principal, event_type):
        needed = str(catalogue()[event_type].permission)
        raise PermissionDenied(f"Following {event_type} needs the permission {needed}.", permission=needed)


def _forget(tx: WriteTx, rule_id: UUID, reason: str) -> None:
    state: Any = delete(AlertRuleState).where(AlertRuleState.rule_id == rule_id)
    tx.execute(state)
    found = tx.objects(
        select(Alert)
        .where(Alert.source == Source.RULE, Alert.key == rule_key(rule_id), IS_OPEN)
        .order_by(Alert.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for alert in found:
        engine.close(tx, alert, reason=reason)
