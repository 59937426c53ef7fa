"""Bodies of kanban."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AliasChoices, Field, field_validator

from app.domains.manufacturing.kanban.words import AnyPriority, AnyStatus, CardAction, CardStatus, slug
from app.domains.manufacturing.orders.schemas import OptionalText
from app.domains.manufacturing.orders.words import Priority
from app.domains.manufacturing.quantities import Amount, Exact, Quantity
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Code, ContractInput, Input, Instant, Output
from app.kernel.problem import invalid

Limit = Annotated[int, Field(ge=1, le=10_000)]
_OVERRIDE = "Go over the limit of a full lane; needs `ppic.approve` and `override_reason`."


class CardCreate(ContractInput):
    """The department's board is made when it has none yet."""

    product_id: UUID = Field(validation_alias=AliasChoices("product_id", "item_id"))
    qty_requested: Quantity = Field(validation_alias=AliasChoices("qty_requested", "quantity"))
    department: Code = Field(
        validation_alias=AliasChoices("department", "requesting_department", "requesting_dept"),
        examples=["Sewing"],
    )
    priority: AnyPriority = Priority.NORMAL
    needed_by: Instant | None = None
    notes: OptionalText = None
    override: bool = Field(False, description=_OVERRIDE)
    override_reason: OptionalText = None


class CardMove(ContractInput):
    override: bool = Field(False, description=_OVERRIDE)
    override_reason: OptionalText = None


class CardReject(ContractInput):
    reason: OptionalText = Field(None, description="Required, here or in the query.")


class CardReceive(ContractInput):
    """`qty_received`: as much as was requested unless it is given."""

    qty_received: Annotated[Quantity, Field(examples=["10"])] | None = Field(
        None, validation_alias=AliasChoices("qty_received", "qty_fulfilled")
    )


class CardFilter(PageParams):
    status: AnyStatus | None = None
    department: str | None = Field(None, max_length=100)
    priority: AnyPriority | None = None


class CardRead(Output):
    id: UUID
    card_number: str = Field(examples=["SEWING-0001"])
    board_id: UUID
    department: str
    product_id: UUID
    product_code: str
    product_name: str
    uom: str
    qty_requested: Exact
    qty_received: Exact | None
    priority: Priority
    status: CardStatus
    allowed: list[CardAction] = Field(description="What may be done with it now.")
    needed_by: datetime | None
    notes: str | None
    rule_id: UUID | None = Field(description="The replenishment rule that made it.")
    requested_by: str
    approved_by: str | None
    approved_at: datetime | None
    shipped_by: str | None
    shipped_at: datetime | None
    received_by: str | None
    received_at: datetime | None
    rejected_by: str | None
    rejected_at: datetime | None
    reject_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class BoardCreate(Input):
    """A limit of null lets any number of cards in."""

    department: Code = Field(examples=["Sewing"])
    limit_requested: Limit | None = Field(10, validation_alias=AliasChoices("limit_requested", "max_pending"))
    limit_approved: Limit | None = None
    limit_in_transit: Limit | None = Field(
        5, validation_alias=AliasChoices("limit_in_transit", "max_in_progress")
    )
    auto_approve_threshold: Quantity | None = Field(
        None, description="A card of no more than this is approved as it is requested, while there is room."
    )

    @field_validator("department")
    @classmethod
    def _has_letters(cls, value: str) -> str:
        if not slug(value):
            raise ValueError("the name of a department has letters or digits")
        return value


class BoardPatch(Input):
    """Only what is sent changes; null takes a limit or the threshold away."""

    limit_requested: Limit | None = None
    limit_approved: Limit | None = None
    limit_in_transit: Limit | None = None
    auto_approve_threshold: Quantity | None = None


class LaneRead(Output):
    lane: CardStatus
    cards: int
    limit: int | None


class BoardRead(Output):
    id: UUID
    department: str
    slug: str = Field(description="The department in addresses.")
    lanes: list[LaneRead]
    auto_approve_threshold: Exact | None
    version: int
    created_at: datetime
    updated_at: datetime


class DashboardRead(Output):
    """`mean_lead_seconds`: from request to receipt, over the cards received in the last 30 days."""

    board_id: UUID
    department: str
    lanes: list[LaneRead]
    open_by_priority: dict[str, int]
    overdue: int = Field(description="Open cards whose `needed_by` is past.")
    received_30d: int
    rejected_30d: int
    mean_lead_seconds: float | None


class KanbanRuleCreate(Input):
    board_id: UUID
    item_id: UUID
    location_id: UUID | None = Field(None, description="Count what is here and below; null: everywhere.")
    reorder_point: Amount
    order_quantity: Quantity
    priority: AnyPriority = Priority.NORMAL
    lead_time_days: Annotated[int, Field(ge=0, le=3650)] = 0
    is_active: bool = True


class KanbanRulePatch(Input):
    """Only what is sent changes; null is no value."""

    reorder_point: Amount | None = None
    order_quantity: Quantity | None = None
    priority: AnyPriority | None = None
    lead_time_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    is_active: bool | None = None


class KanbanRuleFilter(PageParams):
    board_id: UUID | None = None
    item_id: UUID | None = None


class KanbanRuleRead(Output):
    id: UUID
    board_id: UUID
    item_id: UUID
    location_id: UUID | None
    reorder_point: Exact
    order_quantity: Exact
    priority: Priority
    lead_time_days: int
    is_active: bool
    waiting_since: datetime | None = Field(description="Due since then; the board takes no more requests.")
    version: int
    created_at: datetime
    updated_at: datetime


def needed(name: str, value: str | None) -> str:
    """The value, or 422 naming the field."""
    if value is None:
        raise invalid(name, "missing", f"Give the {name.replace('_', ' ')}.")
    return value
