"""Bodies of the parts of a work order."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.domains.manufacturing import Exact, Quantity
from app.kernel.api.schemas import Input, Output


class PartsAction(StrEnum):
    """RESERVE keeps parts, ISSUE takes them out of stock, RETURN brings unused ones back, RELEASE keeps no more."""

    RESERVE = "RESERVE"
    ISSUE = "ISSUE"
    RETURN = "RETURN"
    RELEASE = "RELEASE"


class PartsLine(Input):
    item_id: UUID
    quantity: Quantity = Field(description="In the item's unit.")
    location_id: UUID | None = Field(None, description="Where to take it from; anywhere when left out.")
    lot_id: UUID | None = None


class PartsMove(Input):
    """Without `lines`, ISSUE gives out and RELEASE sets free all that is kept; the others need lines."""

    action: PartsAction = Field(examples=["RESERVE"])
    lines: list[PartsLine] | None = Field(None, min_length=1, max_length=200)


class WorkOrderPartRead(Output):
    """`used` is what was issued less what came back; `cost` is of that, at the costs when it was issued."""

    item_id: UUID
    item_code: str = Field(examples=["ROTOR-15"])
    item_name: str
    uom: str = Field(examples=["pcs"])
    reserved: Exact
    used: Exact
    cost: Exact | None = Field(description="Null when the item had no cost.")


class PartShortageRead(Output):
    item_id: UUID
    requested: Exact
    allocated: Exact


class WorkOrderPartsRead(Output):
    workorder_id: UUID
    parts: list[WorkOrderPartRead]
    parts_cost: Exact | None = Field(description="Null when a part that was used had no cost.")
    shortages: list[PartShortageRead] = Field(description="Lines of this RESERVE that got less.")
