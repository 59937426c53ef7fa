"""Use cases of escalation policies."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.observability.errors import EscalationPolicyNotFound, ReceiverNotFound
from app.domains.observability.escalation.models import EscalationPolicy
from app.domains.observability.escalation.schemas import PolicyCreate, PolicyPatch, ToReceiver
from app.domains.observability.events import (
    EscalationPolicyCreated,
    EscalationPolicyDeleted,
    EscalationPolicyUpdated,
)
from app.domains.observability.notify.models import Receiver
from app.kernel.events.envelope import ref
from app.kernel.tx import ReadTx, WriteTx


def create_policy(tx: WriteTx, data: PolicyCreate) -> EscalationPolicy:
    """Raises `ReceiverNotFound`; the database refuses a taken name."""
    _check_receivers(tx, data)
    fields = data.model_dump(mode="json")
    policy = tx.add(EscalationPolicy(**fields, created_at=tx.now, updated_at=tx.now))
    tx.emit(
        EscalationPolicyCreated(policy_id=policy.id, name=policy.name),
        subject=ref("escalation_policy", policy.id),
        after=fields,
    )
    return policy


def change_policy(tx: WriteTx, policy_id: UUID, data: PolicyPatch) -> EscalationPolicy:
    """Raises `EscalationPolicyNotFound`, `ReceiverNotFound`, `PreconditionFailed`."""
    policy = _locked(tx, policy_id)
    _check_receivers(tx, data)
    changes: dict[str, Any] = data.model_dump(mode="json", exclude_none=True)
    if data.steps is not None:
        changes["steps"] = [step.model_dump(mode="json") for step in data.steps]
    before = {name: getattr(policy, name) for name in changes}
    for name, value in changes.items():
        setattr(policy, name, value)
    policy.version += 1
    policy.updated_at = tx.now
    tx.flush()
    tx.emit(
        EscalationPolicyUpdated(policy_id=policy.id, name=policy.name),
        subject=ref("escalation_policy", policy.id),
        before=before,
        after=changes,
    )
    return policy


def delete_policy(tx: WriteTx, policy_id: UUID) -> None:
    """Remove a policy and the steps that wait. Raises `EscalationPolicyNotFound`, `PreconditionFailed`."""
    policy = _locked(tx, policy_id)
    tx.session.delete(policy)
    tx.flush()
    tx.emit(
        EscalationPolicyDeleted(policy_id=policy.id, name=policy.name),
        subject=ref("escalation_policy", policy.id),
    )


def _locked(tx: WriteTx, policy_id: UUID) -> EscalationPolicy:
    wanted = select(EscalationPolicy).where(EscalationPolicy.id == policy_id).with_for_update()
    policy = tx.get(wanted, EscalationPolicyNotFound)
    tx.match(policy)
    return policy


def _check_receivers(tx: ReadTx, data: PolicyCreate | PolicyPatch) -> None:
    for step in data.steps or ():
        if isinstance(step.target, ToReceiver):
            tx.one(select(Receiver.id).where(Receiver.id == step.target.receiver_id), ReceiverNotFound)
