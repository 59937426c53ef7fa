"""Bodies of work orders."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from app.domains.assets.words import OptionalCode, When, WorkOrderStatus
from app.domains.manufacturing import Exact
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, ContractInput, NumberOnly, Output, Title

_Long = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
OptionalText = Annotated[_Long | None, BlankIsNone]


class WorkOrderCreate(ContractInput):
    """`assigned_to` is a user's id or name. `blocks_asset`: hold the asset already while the order is open."""

    asset_id: UUID
    title: Title = Field(examples=["Replace the front propeller"])
    description: OptionalText = None
    priority: Annotated[
        int, Field(ge=1, le=10, description="1 is most urgent.", examples=[3]), NumberOnly
    ] = 5
    assigned_to: OptionalCode = None
    note: OptionalText = None
    expected_end_at: When | None = None
    blocks_asset: StrictBool | None = None


class WorkOrderTransition(ContractInput):
    status: WorkOrderStatus = Field(examples=["IN_PROGRESS"])
    assigned_to: OptionalCode = None
    note: OptionalText = None


class WorkOrderClose(ContractInput):
    note: OptionalText = Field(None, examples=["Propeller replaced, test flight done"])


class WorkOrderFilter(PageParams):
    asset_id: UUID | None = None
    status: WorkOrderStatus | None = None


class WorkOrderRead(Output):
    id: UUID
    tenant_id: UUID
    asset_id: UUID
    title: str = Field(examples=["Replace the front propeller"])
    description: str | None
    priority: int = Field(examples=[3])
    status: WorkOrderStatus
    blocks_asset: bool = Field(description="Whether the order holds its asset now.")
    created_by: str
    assigned_to: str | None
    expected_end_at: datetime | None
    started_at: datetime | None
    close_note: str | None
    parts_cost: Exact | None = Field(
        description="Of the parts used, at their costs when issued; null when one had none."
    )
    version: int
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    closed_by: str | None


class WorkOrderHistoryRead(Output):
    id: UUID
    workorder_id: UUID
    action: str = Field(examples=["created"])
    from_status: WorkOrderStatus | None
    to_status: WorkOrderStatus | None
    note: str | None
    actor_id: str | None
    detail: dict[str, Any]
    created_at: datetime
