"""Bodies of work centres, routings and work orders."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from app.domains.manufacturing.quantities import Amount, Exact
from app.domains.manufacturing.routing.words import WorkStatus
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, Code, Input, Name, Note, NumberOnly, Output

Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Seconds = Annotated[Decimal, Field(ge=0, le=31_536_000, decimal_places=3, examples=["90"])]
_Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
OptionalWord = Annotated[_Short | None, BlankIsNone]
OperationCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class OpenHours(Input):
    """UTC; `closes` may be 24:00."""

    weekday: Annotated[int, Field(ge=1, le=7, description="1 is Monday (ISO 8601)."), NumberOnly]
    opens: Clock = Field(examples=["06:00"])
    closes: Clock = Field(examples=["14:00"])


class WorkCenterCreate(Input):
    """Without `hours` it is always open."""

    code: Code = Field(examples=["SOLDER-1"])
    name: Name = Field(examples=["Soldering station 1"])
    department: OptionalWord = Field(None, examples=["Assembly"])
    capacity: Annotated[int, Field(ge=1, le=1000), NumberOnly] = 1
    hours: Annotated[list[OpenHours], Field(max_length=100)] = []


class WorkCenterPatch(Input):
    """Only what is sent changes; `hours` replaces all of them."""

    name: Name | None = None
    department: OptionalWord = None
    capacity: Annotated[int, Field(ge=1, le=1000), NumberOnly] | None = None
    hours: Annotated[list[OpenHours], Field(max_length=100)] | None = None


class WorkCenterRead(Output):
    id: UUID
    code: str
    name: str
    department: str | None
    capacity: int
    hours: list[OpenHours]
    version: int
    created_at: datetime
    updated_at: datetime


class OperationInput(Input):
    """`after`: codes of operations that pass their units on to this one."""

    code: OperationCode = Field(examples=["SOLDER"])
    name: Name = Field(examples=["Solder the board"])
    work_center_id: UUID | None = None
    setup_seconds: Seconds = Decimal(0)
    run_seconds: Seconds = Decimal(0)
    after: Annotated[list[OperationCode], Field(max_length=100)] = []


class RoutingCreate(Input):
    """Takes the place of the product's routing so far."""

    product_id: UUID
    name: Name = Field(examples=["Standard"])
    operations: Annotated[list[OperationInput], Field(min_length=1, max_length=200)] = Field(
        examples=[
            [
                {"code": "CUT", "name": "Cut", "run_seconds": "30"},
                {"code": "SEW", "name": "Sew", "run_seconds": "120", "after": ["CUT"]},
            ]
        ]
    )


class RoutingFilter(PageParams):
    product_id: UUID | None = None
    active_only: bool = True


class RoutingOperationRead(Output):
    code: str
    name: str
    position: int
    work_center_id: UUID | None
    setup_seconds: Exact
    run_seconds: Exact
    after: list[str]


class RoutingRead(Output):
    id: UUID
    product_id: UUID
    name: str
    is_active: bool
    operations: list[RoutingOperationRead]
    version: int
    created_at: datetime
    updated_at: datetime


class WorkOrderFilter(PageParams):
    task_id: UUID | None = None
    work_center_id: UUID | None = None
    status: WorkStatus | None = None


class ProductionWorkOrderRead(Output):
    id: UUID
    task_id: UUID
    position: int
    code: str = Field(examples=["SOLDER"])
    name: str
    work_center_id: UUID | None
    after: list[str]
    status: WorkStatus
    qty_planned: Exact
    qty_input: Exact = Field(description="Good, scrap and rework together.")
    qty_good: Exact
    qty_scrap: Exact
    qty_rework: Exact
    setup_seconds: Exact
    run_seconds: Exact
    expected_start_at: datetime | None
    expected_end_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class OperationReport(Input):
    """What became of the units of one pass. Reworked units may be reported again."""

    good: Amount = Decimal(0)
    scrap: Amount = Decimal(0)
    rework: Amount = Decimal(0)
    reason: Note | None = Field(None, examples=["Cold joints"])
    finish: bool = Field(default=False, description="Nothing more comes, even if units are missing.")


class ReportRead(Output):
    id: UUID
    qty_input: Exact
    qty_good: Exact
    qty_scrap: Exact
    qty_rework: Exact
    reason: str | None
    actor_id: str
    at: datetime
