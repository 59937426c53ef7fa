"""`/api/observability/escalation-policies`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from app.domains.observability import permissions as p
from app.domains.observability.errors import (
    EscalationPolicyNameTaken,
    EscalationPolicyNotFound,
    ReceiverNotFound,
)
from app.domains.observability.escalation import service
from app.domains.observability.escalation.models import EscalationPolicy
from app.domains.observability.escalation.schemas import PolicyCreate, PolicyPatch, PolicyRead
from app.kernel.api.pagination import PageParams, page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability/escalation-policies", tags=["Alerts"])

_COLUMNS = select(*EscalationPolicy.__table__.c)


@router.post(
    "",
    permission=p.OBSERVABILITY_WRITE,
    status_code=201,
    errors=[EscalationPolicyNameTaken, ReceiverNotFound],
)
def create_escalation_policy(body: PolicyCreate, tx: WriteTx) -> PolicyRead:
    """Say what follows when nobody takes an alert on."""
    return PolicyRead.model_validate(service.create_policy(tx, body))


@router.get("", permission=p.OBSERVABILITY_READ)
def list_escalation_policies(tx: ReadTx, wanted: Annotated[PageParams, Query()]) -> Page[PolicyRead]:
    """Policies by name: the first active one that fits an alert holds."""
    keys = {"name": EscalationPolicy.name, "id": EscalationPolicy.id}
    return page(tx, _COLUMNS, wanted, PolicyRead.model_validate, keys=keys, default="name")


@router.get(
    "/{escalation_policy_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[EscalationPolicyNotFound]
)
def get_escalation_policy(escalation_policy_id: UUID, tx: ReadTx) -> PolicyRead:
    """One policy."""
    found = _COLUMNS.where(EscalationPolicy.id == escalation_policy_id)
    return PolicyRead.model_validate(tx.one(found, EscalationPolicyNotFound))


@router.patch(
    "/{escalation_policy_id:uuid}",
    permission=p.OBSERVABILITY_WRITE,
    errors=[EscalationPolicyNotFound, EscalationPolicyNameTaken, ReceiverNotFound, PreconditionFailed],
)
def update_escalation_policy(escalation_policy_id: UUID, body: PolicyPatch, tx: WriteTx) -> PolicyRead:
    """Change a policy. Alerts that are open keep the steps they began with."""
    return PolicyRead.model_validate(service.change_policy(tx, escalation_policy_id, body))


@router.delete(
    "/{escalation_policy_id:uuid}",
    permission=p.OBSERVABILITY_WRITE,
    errors=[EscalationPolicyNotFound, PreconditionFailed],
)
def delete_escalation_policy(escalation_policy_id: UUID, tx: WriteTx) -> None:
    """Remove a policy and the steps that wait."""
    service.delete_policy(tx, escalation_policy_id)
