"""What can go wrong with manufacturing orders."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.kernel.problem import Conflict, NotFound, Problem


class ShortageMember(BaseModel):
    item_id: UUID
    required: Decimal
    missing: Decimal


class TaskMoveMembers(BaseModel):
    task_id: UUID
    current: str = Field(examples=["COMPLETED"])
    allowed: list[str] = Field(description="What may be done with it now.", examples=[["start", "cancel"]])


class VarianceMembers(BaseModel):
    task_id: UUID
    planned: Decimal
    actual: Decimal
    variance_percent: Decimal = Field(examples=["-22.5"])
    needed: list[str] = Field(
        description="What is lacking for an override.", examples=[["variance_override", "quality_notes"]]
    )


class MaterialMembers(BaseModel):
    shortages: list[ShortageMember]


class OverReceiptMembers(BaseModel):
    task_id: UUID
    received: Decimal


class BatchMembers(BaseModel):
    results: list[dict[str, Any]] = Field(description="One for each task, in the order asked for.")


class TaskNotFound(NotFound):
    """No such task in this tenant."""

    code, title = "task_not_found", "Task not found"


class TaskComponentNotFound(NotFound):
    """The task has no such component."""

    code, title = "task_component_not_found", "Component not found"


class TaskMoveRefused(Conflict):
    """The task's state forbids this; `allowed` lists what is possible now."""

    code, title = "task_move_refused", "Not in this state"
    extra = TaskMoveMembers


class VarianceTooLarge(Conflict):
    """More than 10 % off the plan: completing needs `variance_override`, ppic.approve and a reason in `quality_notes`."""

    code, title = "variance_too_large", "Variance too large"
    extra = VarianceMembers


class MaterialMissing(Conflict):
    """Material that this step needs is not there; `shortages` says what and how much."""

    code, title = "material_missing", "Material missing"
    extra = MaterialMembers


class ReceivedMore(Conflict):
    """More was received from the task already than it is to be completed with."""

    code, title = "received_more", "More was received"
    extra = OverReceiptMembers


class BatchNumberTaken(Conflict):
    """Another task has the batch number."""

    code, title = "batch_number_taken", "Batch number taken"


class SerialTaken(Conflict):
    """A serial number of this item was received before."""

    code, title = "serial_taken", "Serial number taken"


class BatchFailed(Conflict):
    """At least one task of an atomic batch can't be changed, so none was; `results` says which and why."""

    code, title = "batch_failed", "Nothing was changed"
    extra = BatchMembers


CONSTRAINTS: dict[str, Problem] = {
    "uq_production_order_tenant_id_batch_number": BatchNumberTaken("Another task has this batch number."),
}
