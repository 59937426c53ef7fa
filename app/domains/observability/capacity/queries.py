"""Reading capacity policies and forecasts."""

from sqlalchemy import Integer, case, func, select

from app.domains.observability.capacity.models import CapacityForecast, CapacityPolicy
from app.domains.observability.capacity.schemas import CapacityForecastFilter, CapacityPolicyFilter
from app.kernel.tx import AnySelect

POLICY_SORT = {"id": CapacityPolicy.id, "meter_key": CapacityPolicy.meter_key}
FORECAST_SORT = {"id": CapacityForecast.id, "generated_at": CapacityForecast.generated_at}
_POLICIES = select(*CapacityPolicy.__table__.c)
_FORECASTS = select(*CapacityForecast.__table__.c)


def policies(wanted: CapacityPolicyFilter) -> AnySelect:
    if wanted.is_active is None:
        return _POLICIES
    return _POLICIES.where(CapacityPolicy.is_active == wanted.is_active)


def policy(meter_key: str) -> AnySelect:
    return _POLICIES.where(CapacityPolicy.meter_key == meter_key)


def forecasts(wanted: CapacityForecastFilter) -> AnySelect:
    found = _FORECASTS
    if wanted.meter_key is not None:
        found = found.where(CapacityForecast.meter_key == wanted.meter_key)
    if wanted.decision is not None:
        found = found.where(CapacityForecast.decision == wanted.decision.value)
    return found


def accuracy(meter_key: str | None) -> AnySelect:
    """Scored forecasts beside what came, for each meter and method."""
    f = CapacityForecast
    held = case((f.actual_usage.between(f.lower_usage, f.upper_usage), 1), else_=0).cast(Integer)
    error = f.predicted_usage - f.actual_usage
    found = (
        select(
            f.meter_key,
            f.method,
            f.interval_level,
            func.count().label("scored"),
            func.avg(func.abs(error)).label("mean_absolute_error"),
            func.avg(error).label("bias"),
            (func.sum(held) * 1.0 / func.count()).label("coverage"),
        )
        .where(f.scored_at.is_not(None), f.actual_usage.is_not(None))
        .group_by(f.meter_key, f.method, f.interval_level)
        .order_by(f.meter_key, f.method, f.interval_level)
        .limit(1000)
    )
    return found if meter_key is None else found.where(f.meter_key == meter_key)
