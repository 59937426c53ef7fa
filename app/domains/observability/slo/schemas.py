"""Bodies of objectives."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StrictBool, StringConstraints, model_validator

from app.domains.observability.slo.words import AlertOn, CalendarUnit, SloStatus, WindowKind
from app.domains.observability.words import Severity
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import BlankIsNone, ContractInput, Input, Instant, Note, NumberOnly, Output

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
    """`policy_ids`: these; none or null: every active one. `window_minutes`: instead of each objective's own."""

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


_LONGEST = timedelta(days=366)


class SloCorrectionCreate(Input):
    """`[starts_at, ends_at)`, widened to whole minutes, does not count against the objective."""

    starts_at: Instant
    ends_at: Instant
    reason: Note = Field(examples=["Planned maintenance of the database"])

    @model_validator(mode="after")
    def _period(self) -> Self:
        if not 1970 <= self.starts_at.year <= self.ends_at.year <= 2199:
            raise ValueError("the dates must lie between 1970 and 2199")
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must lie after starts_at")
        if self.ends_at - self.starts_at > _LONGEST:
            raise ValueError("a correction lasts at most 366 days")
        return self


class SloCorrectionRead(Output):
    id: UUID
    policy_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by: str
    created_at: datetime


class BurnRead(Output):
    """One pair of windows. Rates are in budgets per period; null when errors met a target of 1."""

    tier: str = Field(examples=["fast"])
    pages: bool
    factor: float = Field(examples=[14.4])
    long_minutes: int
    short_minutes: int
    long_total: int
    long_bad: int
    long_rate: float | None
    short_rate: float | None
    reachable: bool = Field(description="False: with this target even failing all the time burns slower.")
    firing: bool


class ExhaustionRead(Output):
    """When the budget is spent if the last six hours go on; null: it lasts, or nothing is known."""

    earliest_at: datetime | None
    likely_at: datetime | None
    latest_at: datetime | None


class WindowBudget(Output):
    """Shares are of the errors that the target allows among the events so far; null when it allows none."""

    window: WindowRead
    label: str = Field(examples=["30d"])
    starts_at: datetime
    ends_at: datetime
    total: int
    bad: int
    corrected_total: int
    corrected_bad: int
    allowed_bad: float
    spent_ratio: float | None
    remaining_ratio: float | None
    burn_rate: float | None
    burns: list[BurnRead]
    exhaustion: ExhaustionRead


class SloBudget(Output):
    """Error budgets, from counts of events. `measured_from`: the first minute that has any."""

    policy_id: UUID
    policy_key: str
    target_ratio: float
    timezone: str
    measured_from: datetime | None
    computed_at: datetime
    windows: list[WindowBudget]


class OpenSloImport(Input):
    """`document`: YAML, one OpenSLO document or several. `dry_run`: only say what would happen."""

    document: Annotated[str, Field(min_length=1, max_length=500_000)]
    dry_run: StrictBool = False


class OpenSloOutcome(Output):
    policy_key: str
    outcome: Literal["CREATED", "UPDATED", "UNCHANGED"]
