"""Bodies of `signals:ingest`."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.domains.observability.signals.schemas import SignalRead
from app.domains.observability.words import Level, SignalType
from app.kernel.api.schemas import BlankIsNone, ContractInput, Instant, Output

MOST_ITEMS = 50_000
BODY_LIMIT = 10 * 1024 * 1024
STREAM_LIMIT = 64 * 1024 * 1024

ServiceName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
_Id = Annotated[str, StringConstraints(strip_whitespace=True, max_length=128)]


class SignalItem(ContractInput):
    """One log line, metric sample or span. `occurred_at` is now when it is left out."""

    signal_type: SignalType = Field(examples=["METRIC"])
    level: Level = Level.INFO
    service_name: ServiceName = Field(examples=["flight-control"])
    signal_name: ServiceName = Field(examples=["request"])
    trace_id: Annotated[_Id | None, BlankIsNone] = None
    span_id: Annotated[_Id | None, BlankIsNone] = None
    status_code: Annotated[int, Field(ge=0, le=99_999)] | None = Field(None, examples=[200])
    duration_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(None, examples=[12.5])
    numeric_value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    unit: Annotated[str, StringConstraints(max_length=40)] | None = None
    message: Annotated[str, StringConstraints(max_length=500)] | None = None
    detail: dict[str, Any] = Field(default_factory=dict)
    occurred_at: Instant | None = None


class SignalIngest(ContractInput):
    items: Annotated[list[SignalItem], Field(min_length=1, max_length=MOST_ITEMS)]


class ItemError(Output):
    """A line of a stream that was not stored; `index` counts from 0."""

    index: int
    code: str
    detail: str


class IngestResult(Output):
    """`signals` is empty with `Prefer: return=minimal` and for streams; `errors` names the first 100."""

    accepted_count: int
    rejected_count: int
    signals: list[SignalRead]
    errors: list[ItemError]
