"""Bodies of items."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool

from app.domains.manufacturing.quantities import Amount, Exact, Quantity
from app.domains.manufacturing.units.schemas import UnitCode
from app.domains.manufacturing.words import BuiltAs, ItemType, LotPolicy, PickPolicy, Tracking
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, Code, ContractInput, NumberOnly, Output, Title

_Days = Annotated[int, Field(ge=0, le=3650), NumberOnly]
_Period = Annotated[int, Field(ge=1, le=3650), NumberOnly]
_BuiltAs = Annotated[BuiltAs | None, BlankIsNone]


class ItemCreate(ContractInput):
    """`uom` knows no case and many names (`Pcs`, `Meter`, `Yard`). `asset_type` needs tracking SERIAL."""

    code: Code = Field(examples=["MOTOR-2306"])
    name: Title = Field(examples=["Brushless motor 2306"])
    item_type: ItemType = Field(examples=["RAW"])
    uom: UnitCode = Field(examples=["pcs"])
    tracking: Tracking = Tracking.NONE
    pick_policy: PickPolicy = PickPolicy.FEFO
    lead_time_days: _Days = 0
    standard_cost: Amount | None = None
    asset_type: _BuiltAs = None
    lot_policy: LotPolicy = LotPolicy.LOT_FOR_LOT
    lot_size: Quantity | None = None
    lot_multiple: Quantity | None = None
    lot_days: _Period | None = None
    detail: dict[str, Any] = Field(default_factory=dict)


class ItemPatch(ContractInput):
    """What is left out stays. `detail` is merged; a null in it takes the key away.

    An explicit null clears `standard_cost`, `asset_type`, `lot_size`, `lot_multiple` and `lot_days`. `tracking`
    changes only while nothing has moved; `uom` never does.
    """

    name: Title | None = None
    item_type: ItemType | None = None
    uom: UnitCode | None = None
    tracking: Tracking | None = None
    pick_policy: PickPolicy | None = None
    lead_time_days: _Days | None = None
    standard_cost: Amount | None = None
    asset_type: _BuiltAs = None
    lot_policy: LotPolicy | None = None
    lot_size: Quantity | None = None
    lot_multiple: Quantity | None = None
    lot_days: _Period | None = None
    is_active: StrictBool | None = None
    detail: dict[str, Any] | None = None


class ItemFilter(PageParams):
    code: Code | None = None
    item_type: ItemType | None = None
    tracking: Tracking | None = None
    is_active: bool | None = None


class ItemRead(Output):
    id: UUID
    tenant_id: UUID
    code: str = Field(examples=["MOTOR-2306"])
    name: str
    item_type: ItemType
    uom: str = Field(examples=["pcs"])
    tracking: Tracking
    pick_policy: PickPolicy
    lead_time_days: int
    standard_cost: Exact | None
    asset_type: BuiltAs | None
    lot_policy: LotPolicy
    lot_size: Exact | None
    lot_multiple: Exact | None
    lot_days: int | None
    low_level_code: int = Field(description="Steps of the longest way up to an item that nothing uses.")
    is_active: bool
    detail: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
