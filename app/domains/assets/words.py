"""The enum words of the contract."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from app.kernel.api.schemas import BlankIsNone, Code, Instant


class AssetType(StrEnum):
    UAV = "UAV"
    PAYLOAD = "PAYLOAD"
    BATTERY = "BATTERY"
    CONTROLLER = "CONTROLLER"
    DOCK = "DOCK"


class Lifecycle(StrEnum):
    REGISTERED = "REGISTERED"
    BOUND = "BOUND"
    RETIRED = "RETIRED"


class Availability(StrEnum):
    AVAILABLE = "AVAILABLE"
    RESERVED = "RESERVED"
    IN_USE = "IN_USE"
    MAINTENANCE = "MAINTENANCE"
    UNAVAILABLE = "UNAVAILABLE"


class HealthStatus(StrEnum):
    UNKNOWN = "UNKNOWN"
    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    CRITICAL = "CRITICAL"


class Vendor(StrEnum):
    DJI = "DJI"
    MAVLINK = "MAVLINK"
    FAKE = "FAKE"


class BlockKind(StrEnum):
    """What holds an asset. GROUNDING outranks MAINTENANCE outranks MANUAL outranks RESERVATION."""

    RESERVATION = "RESERVATION"
    MAINTENANCE = "MAINTENANCE"
    GROUNDING = "GROUNDING"
    MANUAL = "MANUAL"


class WorkOrderStatus(StrEnum):
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    CLOSED = "CLOSED"
    CANCELED = "CANCELED"


def sql_words(words: type[StrEnum]) -> str:
    """The words as a SQL list, for CHECK constraints."""
    return ", ".join(f"'{word.value}'" for word in words)


def _plausible(value: datetime) -> datetime:
    """Refuse what calendars and `timestamptz` arithmetic can't carry."""
    if not 1970 <= value.year <= 2199:
        raise ValueError("the date must lie between 1970 and 2199")
    return value


UNASSIGNED = "UNASSIGNED"


def _a_place(value: str | None) -> str | None:
    if value == UNASSIGNED:
        raise ValueError(f"{UNASSIGNED} stands for no region and can't name one")
    return value


_Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
OptionalCode = Annotated[_Short | None, BlankIsNone]
OptionalRegion = Annotated[OptionalCode, AfterValidator(_a_place)]
RegionCode = Annotated[Code, AfterValidator(_a_place)]
When = Annotated[Instant, AfterValidator(_plausible)]
