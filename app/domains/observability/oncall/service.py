"""Use cases of shifts."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.observability.errors import ShiftNotFound
from app.domains.observability.events import ShiftCreated, ShiftDeleted, ShiftUpdated
from app.domains.observability.oncall.models import OncallShift
from app.domains.observability.oncall.schemas import ShiftCreate, ShiftPatch
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import WriteTx


def create_shift(tx: WriteTx, data: ShiftCreate) -> OncallShift:
    """422 unless the shift ends after it begins."""
    _check_period(data.starts_at, data.ends_at)
    shift = tx.add(
        OncallShift(**data.model_dump(), created_by=tx.actor, created_at=tx.now, updated_at=tx.now)
    )
    tx.emit(
        ShiftCreated(shift_id=shift.id, shift_name=shift.shift_name, target=shift.target),
        subject=ref("shift", shift.id),
        after=data.model_dump(mode="json"),
    )
    return shift


def change_shift(tx: WriteTx, shift_id: UUID, data: ShiftPatch) -> OncallShift:
    """Raises `ShiftNotFound`, `PreconditionFailed`."""
    shift = _locked(tx, shift_id)
    changes = data.model_dump(exclude_none=True)
    before = _shown(shift, changes)
    for name, value in changes.items():
        setattr(shift, name, value)
    _check_period(shift.starts_at, shift.ends_at)
    shift.version += 1
    shift.updated_at = tx.now
    tx.flush()
    tx.emit(
        ShiftUpdated(shift_id=shift.id, shift_name=shift.shift_name, target=shift.target),
        subject=ref("shift", shift.id),
        before=before,
        after=_shown(shift, changes),
    )
    return shift


def delete_shift(tx: WriteTx, shift_id: UUID) -> None:
    """Raises `ShiftNotFound`, `PreconditionFailed`."""
    shift = _locked(tx, shift_id)
    tx.session.delete(shift)
    tx.flush()
    tx.emit(
        ShiftDeleted(shift_id=shift.id, shift_name=shift.shift_name, target=shift.target),
        subject=ref("shift", shift.id),
        before={"starts_at": shift.starts_at.isoformat(), "ends_at": shift.ends_at.isoformat()},
    )


def _locked(tx: WriteTx, shift_id: UUID) -> OncallShift:
    shift = tx.get(select(OncallShift).where(OncallShift.id == shift_id).with_for_update(), ShiftNotFound)
    tx.match(shift)
    return shift


def _check_period(starts_at: Any, ends_at: Any) -> None:
    if ends_at <= starts_at:
        raise invalid("ends_at", "not_after_start", "ends_at must lie after starts_at.")


def _shown(shift: OncallShift, names: Any) -> dict[str, Any]:
    values = {name: getattr(shift, name) for name in names}
    return {name: v.isoformat() if hasattr(v, "isoformat") else v for name, v in values.items()}
