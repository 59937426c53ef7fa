"""Bodies of lines and hand-overs."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.domains.manufacturing.orders.schemas import OptionalText, OptionalWord
from app.domains.manufacturing.quantities import Exact, Quantity
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Code, Input, Note, Output


class HandoverStatus(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class LineCreate(Input):
    code: Code = Field(examples=["LINE-1"])
    department: OptionalWord = Field(None, examples=["Sewing"])


class ProductionLineRead(Output):
    id: UUID
    code: str
    department: str | None
    product_id: UUID | None = Field(description="What is on it; null when it is clear.")
    occupied_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class HandoverCreate(Input):
    """From the department the task is in now. `production_line_id`: where it goes; checked when it is accepted."""

    task_id: UUID
    to_department: Code = Field(examples=["Finishing"])
    quantity: Quantity
    production_line_id: UUID | None = None
    note: OptionalText = None


class HandoverAccept(Input):
    """`quantity` when less arrived than was sent."""

    quantity: Quantity | None = None
    note: OptionalText = None


class HandoverReject(Input):
    reason: Note = Field(examples=["Ten pieces are stained"])


class HandoverFilter(PageParams):
    task_id: UUID | None = None
    to_department: str | None = Field(None, max_length=100)
    status: HandoverStatus | None = None


class HandoverRead(Output):
    id: UUID
    task_id: UUID
    from_department: str
    to_department: str
    production_line_id: UUID | None
    qty_sent: Exact
    qty_accepted: Exact | None
    status: HandoverStatus
    note: str | None
    sent_by: str
    decided_by: str | None
    decision_note: str | None
    decided_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
