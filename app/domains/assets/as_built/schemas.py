"""Bodies of as-built lists."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, PlainSerializer

from app.kernel.api.schemas import Output


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class AsBuiltPartRead(Output):
    """`asset_id`: the part is an asset itself."""

    item_id: UUID
    item_code: str = Field(examples=["BATTERY-6S"])
    lot_id: UUID | None
    lot_code: str | None
    quantity: Annotated[Decimal, PlainSerializer(_plain, return_type=str), Field(examples=["1"])]
    asset_id: UUID | None


class AsBuiltRead(Output):
    asset_id: UUID
    task_id: UUID
    product_id: UUID
    product_code: str = Field(examples=["DRONE-X1"])
    lot_id: UUID
    serial: str = Field(examples=["SN-0001"])
    built_at: datetime
    parts: list[AsBuiltPartRead]
