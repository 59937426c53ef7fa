"""Bodies of reservations."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.domains.assets.words import OptionalCode, When
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Input, Output

LONGEST = timedelta(days=366)


class ReservationCreate(Input):
    """The period is `[starts_at, ends_at)`: one may start when another ends."""

    asset_id: UUID
    starts_at: When
    ends_at: When
    purpose: OptionalCode = Field(None, examples=["Roof survey"])

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must lie after starts_at")
        if self.ends_at - self.starts_at > LONGEST:
            raise ValueError("a reservation lasts at most 366 days")
        return self


class ReservationFilter(PageParams):
    asset_id: UUID | None = None
    status: Literal["CONFIRMED", "CANCELED"] | None = None
    at_risk: bool | None = None
    from_ts: Annotated[When | None, Field(description="Ends after this instant.")] = None
    to_ts: Annotated[When | None, Field(description="Starts before this instant.")] = None


class ReservationRead(Output):
    id: UUID
    tenant_id: UUID
    asset_id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Literal["CONFIRMED", "CANCELED"]
    at_risk: bool = Field(description="Work, a grounding or a statement overlaps it now.")
    purpose: str | None
    reserved_by: str
    version: int
    created_at: datetime
    updated_at: datetime
