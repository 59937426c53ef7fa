"""Taking objectives in from OpenSLO and handing them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from app.domains.observability.slo import openslo, service
from app.domains.observability.slo.models import SloPolicy
from app.domains.observability.slo.schemas import SloPolicyCreate, SloPolicyPatch, SloPolicyRead
from app.kernel.problem import FieldError, ValidationFailed
from app.kernel.tx import ReadTx, WriteTx


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one document: CREATED, UPDATED or UNCHANGED."""

    policy_key: str
    outcome: str


def export(tx: ReadTx, policy_key: str | None) -> str:
    """Every objective, or the one of a key, as YAML, in the order of their keys."""
    wanted = select(*SloPolicy.__table__.c).order_by(SloPolicy.policy_key)
    if policy_key is not None:
        wanted = wanted.where(SloPolicy.policy_key == policy_key)
    return openslo.dump(SloPolicyRead.model_validate(row).model_dump(mode="json") for row in tx.all(wanted))


def take_in(tx: WriteTx, text: str, *, dry_run: bool) -> list[Taken]:
    """Make or change the objectives of a text, by their keys: all of them or none. Raises `ValidationFailed`."""
    wanted = _read(text)
    keys = [policy.policy_key for policy in wanted]
    if len(set(keys)) < len(keys):
        raise _refused(0, "duplicate", "Two documents have one policy_key.")
    found = select(SloPolicy).where(SloPolicy.policy_key.in_(keys)).order_by(SloPolicy.id)
    held = {policy.policy_key: policy for policy in tx.objects(found if dry_run else found.with_for_update())}
    return [_take(tx, policy, held.get(policy.policy_key), dry_run=dry_run) for policy in wanted]


def _take(tx: WriteTx, wanted: SloPolicyCreate, held: SloPolicy | None, *, dry_run: bool) -> Taken:
    if held is None:
        if not dry_run:
            service.create(tx, wanted)
        return Taken(wanted.policy_key, "CREATED")
    fields = wanted.model_dump(mode="json", exclude={"policy_key"})
    changes = {name: value for name, value in fields.items() if getattr(held, name) != value}
    if not changes:
        return Taken(wanted.policy_key, "UNCHANGED")
    if not dry_run:
        service.change(tx, held.id, SloPolicyPatch.model_validate(changes))
    return Taken(wanted.policy_key, "UPDATED")


def _read(text: str) -> list[SloPolicyCreate]:
    try:
        documents = openslo.load(text)
    except openslo.OpenSloError as error:
        raise _refused(error.document, "openslo", error.detail) from error
    return [_policy(number, fields) for number, fields in enumerate(documents)]


def _policy(number: int, fields: dict[str, Any]) -> SloPolicyCreate:
    try:
        return SloPolicyCreate.model_validate(fields)
    except ValidationError as error:
        raise ValidationFailed(
            f"Document {number} is not an objective.", errors=_errors(number, error.errors())
        ) from error


def _errors(number: int, errors: Sequence[Any]) -> list[FieldError]:
    return [
        FieldError(
            pointer="#/document",
            code=str(one["type"]),
            detail=f"Document {number}, {'.'.join(str(part) for part in one['loc'])}: {one['msg']}",
        )
        for one in errors
    ]


def _refused(number: int, code: str, detail: str) -> ValidationFailed:
    told = f"Document {number}: {detail}"
    return ValidationFailed(told, errors=[FieldError(pointer="#/document", code=code, detail=told)])
