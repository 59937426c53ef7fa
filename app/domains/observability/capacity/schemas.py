"""Bodies of capacity."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from app.domains.observability.capacity.words import Decision, Method
from app.kernel.api.pagination import PageParams
from app.kernel.api.schemas import ContractInput, NumberOnly, Output

MeterKey = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Percent = Annotated[float, Field(ge=1, le=100), NumberOnly]
Replicas = Annotated[int, Field(ge=0, le=1_000_000), NumberOnly]


class CapacityPolicyPut(ContractInput):
    """Percentages are of what the current replicas can do. What is left out gets its default."""

    target_utilization_pct: Percent = 75
    scale_out_threshold_pct: Percent = 85
    scale_in_threshold_pct: Percent = 55
    min_replicas: Replicas = 1
    max_replicas: Replicas = 10
    current_replicas: Replicas = 1
    exhaustion_limit: Annotated[
        float, Field(gt=0, le=1e15, description="The usage at which the meter is full."), NumberOnly
    ] = 100
    alert_horizon_days: Annotated[
        int | None, Field(ge=1, le=366, description="Alert when it is likely full sooner; null: never.")
    ] = None
    is_active: StrictBool = True
    detail: dict[str, Any] = {}


class CapacityPolicyFilter(PageParams):
    is_active: bool | None = None


class CapacityPolicyRead(Output):
    id: UUID
    tenant_id: UUID
    meter_key: str = Field(examples=["api.cpu"])
    target_utilization_pct: float
    scale_out_threshold_pct: float
    scale_in_threshold_pct: float
    min_replicas: int
    max_replicas: int
    current_replicas: int
    exhaustion_limit: float
    alert_horizon_days: int | None
    is_active: bool
    detail: dict[str, Any]
    updated_by: str
    version: int
    created_at: datetime
    updated_at: datetime


class CapacityForecastRequest(ContractInput):
    meter_key: MeterKey = Field(examples=["api.cpu"])
    window_minutes: Annotated[int, Field(ge=5, le=1440, description="How far ahead."), NumberOnly] = 60
    sample_minutes: Annotated[
        int, Field(ge=5, le=10080, description="How far back samples are read."), NumberOnly
    ] = 180


class Backtest(Output):
    """How the method did on the samples themselves: forecasts made at earlier instants, compared with what came.

    `coverage`: share of intervals that held what came, each made without the forecast it is judged by. Null where
    there was too little to try.
    """

    origins: int = Field(description="Instants from which a forecast was tried.")
    step_seconds: float | None
    season_steps: int | None
    mean_absolute_error: float | None
    coverage: float | None
    errors_by_method: dict[str, float]


class Exhaustion(Output):
    """When usage reaches the policy's limit; days from the forecast. Null: not within `horizon_days`.

    `earliest` is where the interval's upper end gets there, `latest` where its lower end does.
    """

    limit: float
    horizon_days: float
    earliest_days: float | None
    likely_days: float | None
    latest_days: float | None


class CapacityForecastRead(Output):
    id: UUID
    tenant_id: UUID
    policy_id: UUID
    meter_key: str
    window_start: datetime
    window_end: datetime
    sample_start: datetime
    sample_count: int
    method: Method
    predicted_usage: float | None = Field(description="Mean of the window; null without samples.")
    lower_usage: float | None
    upper_usage: float | None
    peak_usage: float | None = Field(description="The highest usage of the window.")
    peak_upper_usage: float | None = Field(description="Upper end of the interval at its highest.")
    interval_level: float = Field(description="The share of windows that the interval is meant to hold.")
    backtest: Backtest
    exhaustion: Exhaustion
    current_replicas: int
    recommended_replicas: int
    decision: Decision
    actual_usage: float | None = Field(description="What came; null until the window is over and scored.")
    scored_at: datetime | None
    generated_at: datetime
    created_at: datetime


class MeterAccuracy(Output):
    """How the forecasts of one meter by one method came out. `coverage` belongs beside `interval_level`."""

    meter_key: str
    method: Method
    interval_level: float
    scored: int
    mean_absolute_error: float = Field(description="In the unit of the meter.")
    bias: float = Field(description="What was forecast less what came, on average.")
    coverage: float = Field(description="Share of windows that the interval held.")


class CapacityForecastFilter(PageParams):
    meter_key: Annotated[str | None, Field(max_length=120)] = None
    decision: Decision | None = None
