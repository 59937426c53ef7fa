"""The alert of a meter that is likely to be full soon."""

from app.domains.observability.alerts.engine import Finding, raise_alert, resolve_alert
from app.domains.observability.capacity.forecasting import Crossing, Forecast
from app.domains.observability.capacity.models import CapacityPolicy
from app.domains.observability.words import Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.tx import WriteTx

EXHAUSTION = "capacity.exhaustion"
_URGENT_DAYS = 3


def watch(tx: WriteTx, policy: CapacityPolicy, found: Forecast | None) -> None:
    """Open the alert when the likely day lies within the policy's horizon, close it when it does not.

    Without a horizon nobody asked for it; without samples nothing was learnt, and what is open stays open.
    """
    if policy.alert_horizon_days is None:
        resolve(tx, policy, reason="The capacity policy no longer asks for an alert.")
    elif found is not None:
        if found.crossing.likely is None:
            resolve(tx, policy, reason=f"Not full within {policy.alert_horizon_days} days any more.")
        else:
            raise_alert(tx, _finding(policy, found.crossing, found.crossing.likely))


def resolve(tx: WriteTx, policy: CapacityPolicy, *, reason: str) -> None:
    resolve_alert(tx, Source.CAPACITY, EXHAUSTION, ref("capacity", policy.id), reason=reason)


def _finding(policy: CapacityPolicy, crossing: Crossing, likely: float) -> Finding:
    return Finding(
        Source.CAPACITY,
        EXHAUSTION,
        ref("capacity", policy.id),
        Severity.P1 if likely <= _URGENT_DAYS else Severity.P2,
        title=f"{policy.meter_key} runs full",
        message=(
            f"{policy.meter_key} reaches {policy.exhaustion_limit:g} in {_days(likely)}"
            f" (between {_days(crossing.earliest)} and {_days(crossing.latest)})."
        ),
        labels={"meter_key": policy.meter_key},
        value=likely,
        policy_id=policy.id,
    )


def _days(days: float | None) -> str:
    return "an unknown time" if days is None else f"{days:.1f} days"
