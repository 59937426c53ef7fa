"""`/api/observability/capacity`."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query

from app.domains.observability import permissions as p
from app.domains.observability.capacity import queries, service
from app.domains.observability.capacity.errors import (
    CapacityBoundsContradict,
    CapacityPolicyNotFound,
    NoActiveCapacityPolicy,
)
from app.domains.observability.capacity.schemas import (
    CapacityForecastFilter,
    CapacityForecastRead,
    CapacityForecastRequest,
    CapacityPolicyFilter,
    CapacityPolicyPut,
    CapacityPolicyRead,
    MeterAccuracy,
)
from app.kernel.api.pagination import page
from app.kernel.api.routing import Router
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx, WriteTx

router = Router("/api/observability", tags=["Capacity"])

Meter = Annotated[str, Path(min_length=1, max_length=120, pattern=r"^[^\s\x00](.*[^\s\x00])?$")]


@router.put(
    "/capacity/policies/{meter_key}", permission=p.OBSERVABILITY_WRITE, errors=[CapacityBoundsContradict]
)
def put_capacity_policy(meter_key: Meter, body: CapacityPolicyPut, tx: WriteTx) -> CapacityPolicyRead:
    """Set the bounds of a meter: the METRIC signals of this name."""
    return CapacityPolicyRead.model_validate(service.put(tx, meter_key, body))


@router.get("/capacity/policies", permission=p.OBSERVABILITY_READ)
def list_capacity_policies(
    tx: ReadTx, wanted: Annotated[CapacityPolicyFilter, Query()]
) -> Page[CapacityPolicyRead]:
    """Capacity policies by meter."""
    found = queries.policies(wanted)
    return page(
        tx, found, wanted, CapacityPolicyRead.model_validate, keys=queries.POLICY_SORT, default="meter_key"
    )


@router.get(
    "/capacity/policies/{meter_key}", permission=p.OBSERVABILITY_READ, errors=[CapacityPolicyNotFound]
)
def get_capacity_policy(meter_key: str, tx: ReadTx) -> CapacityPolicyRead:
    """The bounds of one meter."""
    if "\x00" in meter_key:
        raise CapacityPolicyNotFound
    return CapacityPolicyRead.model_validate(tx.one(queries.policy(meter_key), CapacityPolicyNotFound))


@router.post(
    "/capacity:forecast", permission=p.OBSERVABILITY_WRITE, status_code=201, errors=[NoActiveCapacityPolicy]
)
def forecast_capacity(body: CapacityForecastRequest, tx: WriteTx) -> CapacityForecastRead:
    """Forecast a meter and advise on replicas. Below 12 distinct points it is the mean of the samples."""
    made = service.make_forecast(
        tx,
        body.meter_key,
        window=timedelta(minutes=body.window_minutes),
        sample=timedelta(minutes=body.sample_minutes),
    )
    return CapacityForecastRead.model_validate(made)


@router.get("/capacity/forecasts", permission=p.OBSERVABILITY_READ)
def list_capacity_forecasts(
    tx: ReadTx, wanted: Annotated[CapacityForecastFilter, Query()]
) -> Page[CapacityForecastRead]:
    """Forecasts, newest first."""
    found = queries.forecasts(wanted)
    return page(
        tx,
        found,
        wanted,
        CapacityForecastRead.model_validate,
        keys=queries.FORECAST_SORT,
        default="-generated_at",
    )


@router.get("/capacity/accuracy", permission=p.OBSERVABILITY_READ)
def get_capacity_accuracy(
    tx: ReadTx, meter_key: Annotated[str | None, Query(max_length=120)] = None
) -> list[MeterAccuracy]:
    """How forecasts whose window is over came out, by meter and method."""
    return [MeterAccuracy.model_validate(row) for row in tx.all(queries.accuracy(meter_key))]
