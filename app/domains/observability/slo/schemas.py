"""Bodies of objectives."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StrictBool, StringConstraints, model_validator

from app.domains.observability.slo.words import AlertOn, CalendarUnit, SloStatus, WindowKind
from app.domains.observability.words import Severity
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, ContractInput, Input, NumberOnly, Output

Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
_Link = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^https?://\S+$")]
OptionalText = Annotated[_Text | None, BlankIsNone]
OptionalLink = Annotated[_Link | None, BlankIsNone]
Ratio = Annotated[float, Field(ge=0, le=1), NumberOnly]
Minutes = Annotated[int, Field(ge=1, le=1440), NumberOnly]
Samples = Annotated[int, Field(ge=1, le=1_000_000_000), NumberOnly]
Milliseconds = Annotated[float, Field(ge=0, le=1e9), NumberOnly]


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("no such time zone in the IANA database")
    return value


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_known_zone)]


class ObjectiveWindow(Input):
    """ROLLING takes `days`, CALENDAR takes `unit`."""

    kind: WindowKind = Field(examples=["ROLLING"])
    days: Annotated[int | None, Field(ge=1, le=366, examples=[30])] = None
    unit: CalendarUnit | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        rolling = self.kind is WindowKind.ROLLING
        if (self.days is not None) != rolling or (self.unit is not None) == rolling:
            raise ValueError("ROLLING takes days and no unit, CALENDAR takes unit and no days")
        return self


def _distinct(value: list[ObjectiveWindow]) -> list[ObjectiveWindow]:
    if len({(window.kind, window.days, window.unit) for window in value}) < len(value):
        raise ValueError("the same window twice")
    return value


Windows = Annotated[list[ObjectiveWindow], Field(min_length=1, max_length=5), AfterValidator(_distinct)]


def _thirty_days() -> list[ObjectiveWindow]:
    return [ObjectiveWindow(kind=WindowKind.ROLLING, days=30)]


class SloPolicyCreate(ContractInput):
    """`window_minutes` is what one evaluation looks at; the error budget is of the `objective_windows`."""

    policy_key: Key = Field(examples=["api-availability"])
    service_name: Key = Field(examples=["api"])
    signal_name: Key = "request"
    description: OptionalText = None
    runbook_url: OptionalLink = None
    target_ratio: Ratio = 0.99
    latency_threshold_ms: Milliseconds | None = None
    window_minutes: Minutes = 5
    minimum_samples: Samples = 1
    alert_severity: Severity = Severity.P2
    alert_on: AlertOn = AlertOn.BREACH
    objective_windows: Windows = Field(default_factory=_thirty_days)
    timezone: Zone = "UTC"
    is_active: StrictBool = True
    detail: dict[str, Any] = {}


class SloPolicyPatch(Input):
    """What is left out stays. An explicit null clears `description`, `runbook_url`, `latency_threshold_ms`."""

    service_name: Key | None = None
    signal_name: Key | None = None
    description: OptionalText = None
    runbook_url: OptionalLink = None
    target_ratio: Ratio | None = None
    latency_threshold_ms: Milliseconds | None = None
    window_minutes: Minutes | None = None
    minimum_samples: Samples | None = None
    alert_severity: Severity | None = None
    alert_on: AlertOn | None = None
    objective_windows: Windows | None = None
    timezone: Zone | None = None
    is_active: StrictBool | None = None
    detail: dict[str, Any] | None = None


class SloPolicyFilter(PageParams):
    is_active: bool | None = None
    service_name: Annotated[str | None, Field(max_length=120)] = None


class WindowRead(Output):
    kind: WindowKind
    days: int | None
    unit: CalendarUnit | None


class SloPolicyRead(Output):
    id: UUID
    tenant_id: UUID
    policy_key: str = Field(examples=["api-availability"])
    service_name: str
    signal_name: str
    description: str | None
    runbook_url: str | None
    target_ratio: float
    latency_threshold_ms: float | None
    window_minutes: int
    minimum_samples: int
    alert_severity: Severity
    alert_on: AlertOn
    objective_windows: list[WindowRead]
    timezone: str
    is_active: bool
    detail: dict[str, Any]
    created_by: str
    next_evaluation_at: datetime = Field(description="When the schedule looks at it next, if it is active.")
    version: int
    created_at: datetime
    updated_at: datetime


class SloEvaluate(ContractInput):
    """`policy_ids`: these, else every active one. `window_minutes`: instead of each objective's own."""

    policy_ids: Annotated[list[UUID] | None, Field(max_length=1000)] = None
    window_minutes: Minutes | None = None
    dry_run: StrictBool = False


class SloEvaluationRead(Output):
    """`corrected_…` leaves out what corrections exclude, and decides the status."""

    id: UUID | None = Field(description="Null in a dry run, which stores nothing.")
    tenant_id: UUID
    policy_id: UUID
    policy_key: str
    window_start: datetime
    window_end: datetime
    target_ratio: float
    total_samples: int
    good_samples: int
    availability_ratio: float
    error_ratio: float
    corrected_total_samples: int
    corrected_good_samples: int
    corrected_availability_ratio: float
    p95_latency_ms: float | None
    status: SloStatus
    alert_triggered: bool = Field(description="Whether an alert is or would be open because of it.")
    alert_event_id: UUID | None
    oncall_target: str | None
    detail: dict[str, Any]
    created_at: datetime


class SloEvaluationResult(Output):
    evaluated_count: int
    breached_count: int
    alerts_created: int
    items: list[SloEvaluationRead]


class SloEvaluationFilter(PageParams):
    policy_id: UUID | None = None
    status: SloStatus | None = None


class SloOverview(Output):
    """Active objectives; those never evaluated count as neither healthy nor breached."""

    policy_count: int
    healthy_count: int
    breached_count: int
    latest_evaluated_at: datetime | None
    items: list[SloEvaluationRead] = Field(description="The latest of each, breached first; at most 1,000.")
