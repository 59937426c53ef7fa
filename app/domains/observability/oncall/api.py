"""`/api/alert/oncall/shifts`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.domains.observability import permissions as p
from app.domains.observability.errors import ShiftNotFound
from app.domains.observability.oncall import queries, service
from app.domains.observability.oncall.models import OncallShift
from app.domains.observability.oncall.schemas import ShiftCreate, ShiftFilter, ShiftPatch, ShiftRead
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/alert/oncall/shifts", tags=["Alerts"])


@router.post("", permission=p.OBSERVABILITY_WRITE, status_code=201)
def create_oncall_shift(body: ShiftCreate, tx: WriteTx) -> ShiftRead:
    """Add a shift. A new alert is given to the shift active at that moment; of several, to the one begun last."""
    return ShiftRead.model_validate(service.create_shift(tx, body))


@router.get("", permission=p.OBSERVABILITY_READ)
def list_oncall_shifts(tx: ReadTx, wanted: Annotated[ShiftFilter, Query()]) -> Page[ShiftRead]:
    """Shifts, the latest first."""
    statement = queries.filtered(wanted)
    return page(tx, statement, wanted, ShiftRead.model_validate, keys=queries.SORT, default="-starts_at")


@router.get("/{shift_id:uuid}", permission=p.OBSERVABILITY_READ, errors=[ShiftNotFound])
def get_oncall_shift(shift_id: UUID, tx: ReadTx) -> ShiftRead:
    """One shift."""
    return ShiftRead.model_validate(tx.one(queries.SHIFTS.where(OncallShift.id == shift_id), ShiftNotFound))


@router.patch(
    "/{shift_id:uuid}", permission=p.OBSERVABILITY_WRITE, errors=[ShiftNotFound, PreconditionFailed]
)
def update_oncall_shift(shift_id: UUID, body: ShiftPatch, tx: WriteTx) -> ShiftRead:
    """Change a shift. Alerts that are open keep their target."""
    return ShiftRead.model_validate(service.change_shift(tx, shift_id, body))


@router.delete(
    "/{shift_id:uuid}", permission=p.OBSERVABILITY_WRITE, errors=[ShiftNotFound, PreconditionFailed]
)
def delete_oncall_shift(shift_id: UUID, tx: WriteTx) -> None:
    """Remove a shift."""
    service.delete_shift(tx, shift_id)
