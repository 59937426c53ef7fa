"""Events of capacity."""

from uuid import UUID

from app.domains.observability import permissions as p
from app.kernel.events.envelope import Event


class CapacityPolicySet(Event, type="capacity.policy.set", permission=p.OBSERVABILITY_READ):
    """The bounds of a meter were set or changed."""

    policy_id: UUID
    meter_key: str


class CapacityForecasted(Event, type="capacity.forecasted", permission=p.OBSERVABILITY_READ):
    """A meter's usage was forecast."""

    policy_id: UUID
    forecast_id: UUID
    meter_key: str
    decision: str
    recommended_replicas: int
