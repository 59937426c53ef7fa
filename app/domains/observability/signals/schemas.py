"""Bodies of the routes that read signals and keep their settings."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field, StringConstraints

from app.domains.observability.signals.preferences import DEFAULTS
from app.domains.observability.words import Level, SignalType
from app.kernel.api.pagination import MAX_LIMIT, PageParams
from app.kernel.api.schemas import Input, Instant, Output

_Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class SignalRead(Output):
    """A stored signal. `created_at` is `occurred_at` by the name that older clients know."""

    id: UUID
    tenant_id: UUID
    signal_type: SignalType
    level: Level
    service_name: str
    signal_name: str
    trace_id: str | None
    span_id: str | None
    status_code: int | None
    duration_ms: float | None
    numeric_value: float | None
    unit: str | None
    message: str | None
    detail: dict[str, Any]
    created_by: str
    occurred_at: datetime
    created_at: datetime


class SignalFilter(PageParams):
    """`from_ts` and `to_ts` are inclusive."""

    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows on this page.")] = 100
    signal_type: SignalType | None = None
    level: Level | None = None
    service_name: Annotated[str | None, Query(max_length=120)] = None
    signal_name: Annotated[str | None, Query(max_length=120)] = None
    trace_id: Annotated[str | None, Query(max_length=128)] = None
    from_ts: Instant | None = None
    to_ts: Instant | None = None


class OverviewFilter(BaseModel):
    window_minutes: Annotated[int, Query(ge=1, le=1440)] = 60


class Overview(Output):
    """Exact over every signal of the window. An error is level ERROR, or a status code of 500 or more."""

    window_minutes: int
    total_signals: int
    error_signals: int
    p95_latency_ms: float | None
    by_type: dict[str, int]
    by_level: dict[str, int]
    computed_at: datetime


class AggregateFunction(StrEnum):
    """`rate`: signals a second. `increase`: of cumulative counters, resets counted. `pNN`: nearest rank."""

    COUNT = "count"
    RATE = "rate"
    ERRORS = "errors"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    INCREASE = "increase"
    P50 = "p50"
    P75 = "p75"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


class DataSource(StrEnum):
    AUTO = "auto"
    RAW = "raw"
    MINUTE = "1m"
    HOUR = "1h"


GroupKey = Annotated[
    str, StringConstraints(pattern=r"^(service_name|signal_name|signal_type|level|label\.[^\x00]{1,100})$")
]


class Aggregate(Input):
    """What to add up. Without `step_seconds` the range is one step. Labels match exactly."""

    fn: AggregateFunction = Field(examples=["p95"])
    field: Literal["numeric_value", "duration_ms"] = "numeric_value"
    signal_type: SignalType | None = None
    level: Level | None = None
    service_name: _Name | None = None
    signal_name: _Name | None = Field(None, examples=["request"])
    labels: Annotated[dict[str, str], Field(max_length=20)] = Field(default_factory=dict)
    group_by: Annotated[list[GroupKey], Field(max_length=5)] = Field(
        default_factory=list, examples=[["service_name"]]
    )
    from_ts: Instant
    to_ts: Instant
    step_seconds: Annotated[int, Field(ge=1, le=31_622_400)] | None = None
    source: DataSource = DataSource.AUTO


class AggregatePoint(Output):
    """A step by its start. Null: nothing to make a value of (a count of nothing is 0)."""

    at: datetime
    value: float | None


class AggregateSeries(Output):
    group: dict[str, str | None]
    points: list[AggregatePoint]


class AggregateRead(Output):
    """`data_source` is what it was made of. Up to `data_through` everything that came in is counted.

    `from_ts` and `to_ts` are the range that was used: roll-ups widen it to whole buckets.
    """

    fn: AggregateFunction
    data_source: DataSource
    data_through: datetime
    from_ts: datetime
    to_ts: datetime
    step_seconds: float
    series: list[AggregateSeries]


class SettingsWrite(Input):
    """Days that raw signals, minute and hour roll-ups are kept; signals a second as a mean over ten seconds."""

    raw_days: Annotated[int, Field(ge=1, le=400)] = DEFAULTS.raw_days
    minute_days: Annotated[int, Field(ge=1, le=400)] = DEFAULTS.minute_days
    hour_days: Annotated[int, Field(ge=1, le=3660)] = DEFAULTS.hour_days
    items_per_second: Annotated[int, Field(ge=1, le=10_000_000)] = DEFAULTS.items_per_second


class SettingsRead(Output):
    """`version` is 0 as long as the defaults hold."""

    raw_days: int
    minute_days: int
    hour_days: int
    items_per_second: int
    version: int
