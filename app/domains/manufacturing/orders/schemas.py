"""Bodies of manufacturing orders."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, Field, StringConstraints

from app.domains.manufacturing.orders.words import (
    Action,
    Consumption,
    MaterialStatus,
    Priority,
    TaskStatus,
    VarianceClass,
)
from app.domains.manufacturing.quantities import Exact, Quantity
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, Code, ContractInput, Input, Instant, Note, Output

_Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
_Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


def _plausible(value: datetime) -> datetime:
    """Refuse what calendars and `timestamptz` arithmetic can't carry."""
    if not 1970 <= value.year <= 2199:
        raise ValueError("the date must lie between 1970 and 2199")
    return value


When = Annotated[Instant, AfterValidator(_plausible)]
OptionalText = Annotated[_Long | None, BlankIsNone]
OptionalWord = Annotated[_Short | None, BlankIsNone]


class TaskCreate(ContractInput):
    """`department` is where it is made first; `batch_number` becomes the lot of what is made."""

    product_id: UUID
    qty_planned: Quantity
    due_at: When | None = None
    priority: Priority = Priority.NORMAL
    department: OptionalWord = Field(None, examples=["Assembly"])
    batch_number: OptionalWord = Field(None, examples=["B-2026-001"])


class TaskPatch(Input):
    """Only what is sent changes; null takes a value away."""

    due_at: When | None = None
    priority: Priority | None = None
    department: OptionalWord = None
    production_line_id: UUID | None = None


class TaskApprove(ContractInput):
    notes: OptionalText = Field(None, validation_alias=AliasChoices("notes", "approval_notes"))


class TaskStart(ContractInput):
    notes: OptionalText = Field(None, validation_alias=AliasChoices("notes", "start_notes"))


class TaskComplete(ContractInput):
    """`actual_quantity`: what was made in all, earlier receipts included; required, here or in the query."""

    actual_quantity: Annotated[Decimal, Field(max_digits=24, decimal_places=9, examples=["10"])] | None = None
    quality_notes: OptionalText = None
    variance_override: bool = False


class TaskReason(Input):
    reason: Note | None = Field(None, examples=["Waiting for the customer"])


class BuiltIn(Input):
    """A lot or serial of a component that is in this unit."""

    lot_id: UUID
    quantity: Quantity = Decimal(1)


class OutputLine(Input):
    """What was made: one serial number, or a quantity of a lot. `built_in` names what is in it, where that is known."""

    lot_code: Code | None = Field(None, examples=["SN-0001"])
    quantity: Quantity = Decimal(1)
    built_in: Annotated[list[BuiltIn], Field(max_length=1000)] = []


class TaskReceive(Input):
    """Without `outputs`, lots and serial numbers are made from the task's batch number or number."""

    quantity: Quantity
    outputs: Annotated[list[OutputLine], Field(max_length=1000)] = []


class IssueLine(Input):
    """`lot_id`: of this lot or serial number and no other."""

    item_id: UUID
    quantity: Quantity
    lot_id: UUID | None = None


class TaskIssue(Input):
    """Without `lines`, everything that is still needed and there."""

    lines: Annotated[list[IssueLine], Field(max_length=1000)] = []


class TaskFilter(PageParams):
    status: TaskStatus | None = None
    product_id: UUID | None = None
    department: Annotated[str | None, Field(max_length=100)] = None
    priority: Priority | None = None
    material_status: MaterialStatus | None = None
    due_before: When | None = None


class Shortage(Output):
    """`missing` is neither reserved for the task nor issued to it."""

    item_id: UUID
    item_code: str = Field(examples=["BOLT-M3"])
    required: Exact
    missing: Exact


class TaskRead(Output):
    id: UUID
    number: str = Field(examples=["MO-0F3A9C21B7"])
    product_id: UUID
    product_code: str = Field(examples=["DRONE-X1"])
    revision_id: UUID | None = Field(description="The revision it is made by; later ones don't change it.")
    bom_hash: str | None
    routing_id: UUID | None
    production_line_id: UUID | None
    qty_planned: Exact
    qty_good: Exact
    qty_scrapped: Exact
    status: TaskStatus
    allowed: list[Action] = Field(description="What may be done with it now.")
    priority: Priority
    department: str | None
    due_at: datetime | None
    batch_number: str | None
    material_status: MaterialStatus | None
    shortages: list[Shortage]
    variance_class: VarianceClass | None
    variance_percent: float | None
    override_reason: str | None
    overridden_by: str | None
    created_by: str
    approved_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class ComponentRead(Output):
    id: UUID
    item_id: UUID
    item_code: str
    item_name: str
    position: int
    operation_code: str | None
    consumption: Consumption
    qty_fixed: Exact
    qty_per_unit: Exact
    qty_required: Exact
    qty_reserved: Exact
    qty_issued: Exact
    qty_missing: Exact


class ComponentPatch(Input):
    consumption: Consumption


class TransitionRead(Output):
    id: UUID
    action: str = Field(examples=["approve"])
    from_status: TaskStatus | None
    to_status: TaskStatus
    quantity: Exact | None
    note: str | None
    actor_id: str
    detail: dict[str, Any]
    at: datetime


class BuiltFromRead(Output):
    item_id: UUID
    item_code: str
    lot_id: UUID | None
    lot_code: str | None
    quantity: Exact


class OutputRead(Output):
    id: UUID
    lot_id: UUID | None
    lot_code: str | None
    quantity: Exact
    built_from: list[BuiltFromRead]
    at: datetime


class BatchMode(StrEnum):
    """`atomic`: all or nothing. `best_effort`: what can be done is. `dry_run`: says what would happen."""

    ATOMIC = "atomic"
    BEST_EFFORT = "best_effort"
    DRY_RUN = "dry_run"


TaskIds = Annotated[list[UUID], Field(min_length=1, max_length=10_000)]


class BatchApprove(ContractInput):
    task_ids: TaskIds
    notes: OptionalText = None
    mode: BatchMode = BatchMode.ATOMIC


class BatchStart(BatchApprove):
    pass


class BatchComplete(BatchApprove):
    """`quantities`: task id → what was made in all; a task that is not in it was made as planned."""

    quantities: dict[UUID, Annotated[Decimal, Field(max_digits=24, decimal_places=9)]] = {}
    quality_notes: OptionalText = None
    variance_override: bool = False


class BatchResult(Output):
    """`status`: `ok`, `not_found`, or the code of the problem that stands in the way."""

    task_id: UUID
    status: str = Field(examples=["ok"])
    detail: str | None
    task_status: TaskStatus | None = Field(description="After the batch; before it in a batch that failed.")
    material_status: MaterialStatus | None
    allowed: list[Action]


class BatchAnswer(Output):
    mode: BatchMode
    requested: int
    changed: int
    failed: int
    results: list[BatchResult]
