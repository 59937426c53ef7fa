"""Reading capacity policies and forecasts."""

from sqlalchemy import select

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
