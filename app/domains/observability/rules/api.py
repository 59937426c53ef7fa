"""`/api/observability/alert-rules`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.observability import permissions as p
from app.domains.observability.errors import RuleNameTaken, RuleNotFound
from app.domains.observability.rules import service
from app.domains.observability.rules.models import AlertRule
from app.domains.observability.rules.schemas import (
    RuleCreate,
    RuleFilter,
    RulePatch,
    RuleRead,
    RulesEvaluate,
    RulesEvaluated,
)
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability/alert-rules", tags=["Alerts"])

_COLUMNS = select(*AlertRule.__table__.c)
_SORT = {"id": AlertRule.id, "name": AlertRule.name, "created_at": AlertRule.created_at}


@router.post("", permission=p.OBSERVABILITY_WRITE, status_code=201, errors=[RuleNameTaken])
def create_alert_rule(body: RuleCreate, tx: WriteTx) -> RuleRead:
    """Add a rule: a figure over signals, the absence of a signal, or an event of any domain."""
    return RuleRead.model_validate(service.create_rule(tx, body))


@router.get("", permission=p.OBSERVABILITY_READ)
def list_alert_rules(tx: ReadTx, wanted: Annotated[RuleFilter, Query()]) -> Page[RuleRead]:
    """Rules, oldest first."""
    found = _COLUMNS
    if wanted.kind is not None:
        found = found.where(AlertRule.kind == wanted.kind)
    if wanted.is_active is not None:
        found = found.where(AlertRule.is_active.is_(wanted.is_active))
    return page(tx, found, wanted, RuleRead.model_validate, keys=_SORT, default="id")


@router.get("/{alert_rule_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[RuleNotFound])
def get_alert_rule(alert_rule_id: UUID, tx: ReadTx) -> RuleRead:
    """One rule."""
    return RuleRead.model_validate(tx.one(_COLUMNS.where(AlertRule.id == alert_rule_id), RuleNotFound))


@router.patch(
    "/{alert_rule_id:uuid}",
    permission=p.OBSERVABILITY_WRITE,
    errors=[RuleNotFound, RuleNameTaken, PreconditionFailed],
)
def update_alert_rule(alert_rule_id: UUID, body: RulePatch, tx: WriteTx) -> RuleRead:
    """Change a rule. Switched off, or given another condition, it closes its open alerts."""
    return RuleRead.model_validate(service.change_rule(tx, alert_rule_id, body))


@router.delete(
    "/{alert_rule_id:uuid}", permission=p.OBSERVABILITY_WRITE, errors=[RuleNotFound, PreconditionFailed]
)
def delete_alert_rule(alert_rule_id: UUID, tx: WriteTx) -> None:
    """Remove a rule and close its open alerts."""
    service.delete_rule(tx, alert_rule_id)


@router.post(":evaluate", permission=p.OBSERVABILITY_WRITE, errors=[RuleNotFound])
def evaluate_alert_rules(body: RulesEvaluate, tx: WriteTx) -> RulesEvaluated:
    """Evaluate rules on signals now; they are evaluated every minute anyway. A dry run writes nothing."""
    return service.evaluate(tx, body)
