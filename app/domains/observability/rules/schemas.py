"""Bodies of alert rules."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, JsonValue, StrictBool, StringConstraints, TypeAdapter, model_validator

from app.domains.observability.rules.decide import Comparator, Phase
from app.domains.observability.rules.templates import names_in
from app.domains.observability.words import Severity, SignalType
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import Input, Name, NumberOnly, Output

DAY = 86_400
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Template = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=500)]
Labels = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=100)],
        Annotated[str, StringConstraints(max_length=200)],
    ],
    Field(max_length=20),
]
Grouping = Annotated[
    str,
    StringConstraints(pattern=r"^(service_name|signal_name|(detail|labels)\.[a-zA-Z0-9_.-]{1,100})$"),
    Field(
        description="One alert for each value of it: `service_name`, `signal_name`, `detail.<name>`, or"
        " `labels.<name>` of the series of metric protocols. A value that names an object (`asset:<id>`) becomes the"
        " alert's subject."
    ),
]


class Function(StrEnum):
    COUNT = "count"
    RATE = "rate"
    ERRORS = "errors"
    ERROR_RATIO = "error_ratio"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"


class _Signals(Input):
    signal_name: Word = Field(examples=["request"])
    service_name: Word | None = Field(None, examples=["api"])
    signal_type: SignalType | None = None
    group_by: Grouping | None = None
    for_seconds: Annotated[
        int, Field(ge=0, le=DAY, description="How long it must hold before an alert is raised."), NumberOnly
    ] = 0


class Threshold(_Signals):
    """A figure over the last `window_seconds` beyond a limit. No signal at all is no breach."""

    kind: Literal["threshold"]
    fn: Function = Function.COUNT
    field: Literal["numeric_value", "duration_ms"] = "numeric_value"
    window_seconds: Annotated[int, Field(ge=10, le=DAY), NumberOnly] = 300
    comparator: Comparator = Comparator.ABOVE
    threshold: Annotated[float, Field(allow_inf_nan=False)] = Field(examples=[10])
    clear_threshold: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="Once raised, it is over only when this is passed as well."
    )
    minimum_samples: Annotated[int, Field(ge=1, le=1_000_000), NumberOnly] = 1

    @model_validator(mode="after")
    def _clear_lies_on_the_good_side(self) -> Self:
        clear, up = self.clear_threshold, self.comparator in {Comparator.ABOVE, Comparator.AT_LEAST}
        if clear is not None and (clear > self.threshold if up else clear < self.threshold):
            raise ValueError("clear_threshold must lie on the good side of threshold")
        return self


class Absence(_Signals):
    """No such signal for `window_seconds`. With `group_by`: of each value seen in the last `lookback_seconds`."""

    kind: Literal["absence"]
    window_seconds: Annotated[int, Field(ge=10, le=DAY), NumberOnly] = 600
    lookback_seconds: Annotated[int, Field(ge=60, le=7 * DAY), NumberOnly] = DAY

    @model_validator(mode="after")
    def _looks_back_further(self) -> Self:
        if self.lookback_seconds <= self.window_seconds:
            raise ValueError("lookback_seconds must be longer than window_seconds")
        return self


class OnEvent(Input):
    """An event of any domain raises, and another (about the same subject) resolves."""

    kind: Literal["event"]
    event_type: Word = Field(examples=["asset.grounded"])
    match: Annotated[dict[str, JsonValue], Field(max_length=20)] = Field(
        {}, description="Payload fields and what each must equal."
    )
    resolve_event_type: Word | None = Field(None, examples=["asset.released"])
    resolve_match: Annotated[dict[str, JsonValue], Field(max_length=20)] = {}


Condition = Annotated[Threshold | Absence | OnEvent, Field(discriminator="kind")]
CONDITION: TypeAdapter[Threshold | Absence | OnEvent] = TypeAdapter(Condition)
_COMMON = {"rule", "subject", "object", "severity", "labels"}
_NAMES = {
    "threshold": _COMMON | {"value", "threshold", "comparator", "fn", "window_seconds"},
    "absence": _COMMON | {"window_seconds"},
    "event": _COMMON | {"payload", "event_type"},
}


def unknown_names(condition: Threshold | Absence | OnEvent, *templates: str) -> str:
    """What is wrong with the templates of a rule with this condition; empty when nothing is."""
    known = _NAMES[condition.kind]
    unknown = sorted(set().union(*map(names_in, templates)) - known)
    return f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(known))}" if unknown else ""


class RuleCreate(Input):
    """Templates take names in braces: `{subject}`, `{value}`, `{payload.asset_id}`, `{labels.team}`."""

    name: Name = Field(examples=["API errors"])
    severity: Severity = Severity.P2
    is_active: StrictBool = True
    title_template: Template = Field("{rule}: {object}", examples=["{rule} on {object}"])
    message_template: Template = Field("{rule}: {object}", examples=["{value} errors in {window_seconds} s"])
    runbook_url: Url | None = Field(None, examples=["https://runbooks.example.com/errors"])
    labels: Labels = {}
    condition: Condition


class RulePatch(Input):
    """Only what is sent changes. A new condition begins without a past."""

    name: Name | None = Field(None, examples=["API errors"])
    severity: Severity | None = None
    is_active: StrictBool | None = None
    title_template: Template | None = Field(None, examples=["{rule} on {object}"])
    message_template: Template | None = Field(None, examples=["{rule}"])
    runbook_url: Url | None = Field(None, examples=["https://runbooks.example.com/errors"])
    labels: Labels | None = None
    condition: Condition | None = None


class RuleFilter(PageParams):
    kind: Literal["threshold", "absence", "event"] | None = None
    is_active: bool | None = None


class RuleRead(Output):
    id: UUID
    name: str = Field(examples=["API errors"])
    kind: str
    severity: Severity
    is_active: bool
    title_template: str
    message_template: str
    runbook_url: str | None
    labels: dict[str, Any]
    condition: dict[str, Any]
    created_by: str
    version: int
    created_at: datetime
    updated_at: datetime


class RulesEvaluate(Input):
    """All active rules on signals when none is named."""

    rule_ids: Annotated[list[UUID], Field(max_length=200)] | None = None
    dry_run: StrictBool = False


class Evaluated(Output):
    rule_id: UUID
    object: str
    value: float | None
    phase: Phase
    recovered: bool


class RulesEvaluated(Output):
    dry_run: bool
    evaluated_count: int = Field(description="Rules.")
    firing_count: int = Field(description="Objects.")
    raised_count: int = Field(description="Alerts opened; 0 in a dry run.")
    resolved_count: int = Field(description="Alerts closed; 0 in a dry run.")
    items: list[Evaluated]
