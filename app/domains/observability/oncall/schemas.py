"""Bodies of shifts."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StrictBool

from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, Instant, Name, Output, Title


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("there is no such time zone; name one of the IANA database, such as Europe/Berlin")
    return name


def _plausible(value: datetime) -> datetime:
    """Refuse what calendars and `timestamptz` arithmetic can't carry."""
    if not 1970 <= value.year <= 2199:
        raise ValueError("the date must lie between 1970 and 2199")
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]
When = Annotated[Instant, AfterValidator(_plausible)]


class ShiftCreate(ContractInput):
    """`target` is whom a new alert is given to: a name, an address, a team."""

    shift_name: Name = Field(examples=["Night"])
    target: Title = Field(examples=["ana@example.com"])
    starts_at: When
    ends_at: When
    timezone: Zone = Field(
        "UTC", examples=["Europe/Berlin"], description="For showing; the times are instants."
    )
    is_active: StrictBool = True
    detail: dict[str, Any] = {}


class ShiftPatch(ContractInput):
    """Only what is sent changes; `detail` is replaced."""

    shift_name: Name | None = Field(None, examples=["Late"])
    target: Title | None = None
    starts_at: When | None = None
    ends_at: When | None = None
    timezone: Zone | None = Field(None, examples=["Europe/Berlin"])
    is_active: StrictBool | None = None
    detail: dict[str, Any] | None = None


class ShiftFilter(PageParams):
    is_active: bool | None = None
    at: Annotated[When | None, Field(description="Shifts that cover this instant.")] = None


class ShiftRead(Output):
    id: UUID
    tenant_id: UUID
    shift_name: str = Field(examples=["Night"])
    target: str = Field(examples=["ana@example.com"])
    starts_at: datetime
    ends_at: datetime
    timezone: str
    is_active: bool
    detail: dict[str, Any]
    created_by: str
    version: int
    created_at: datetime
    updated_at: datetime
