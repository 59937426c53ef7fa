"""Setting the bounds of a meter, and forecasting it."""

from dataclasses import asdict
from datetime import timedelta
from math import isfinite
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.domains.observability.capacity.decide import Advice, Bounds, advise
from app.domains.observability.capacity.errors import CapacityBoundsContradict, NoActiveCapacityPolicy
from app.domains.observability.capacity.events import CapacityForecasted, CapacityPolicySet
from app.domains.observability.capacity.exhaustion import resolve, watch
from app.domains.observability.capacity.forecasting import LEVEL, Crossing, Forecast, Report, forecast
from app.domains.observability.capacity.models import CapacityForecast, CapacityPolicy
from app.domains.observability.capacity.schemas import CapacityPolicyPut
from app.domains.observability.capacity.words import Decision, Method
from app.domains.observability.signals.queries import samples
from app.kernel.events.envelope import ref
from app.kernel.ids import new_id
from app.kernel.problem import PreconditionFailed
from app.kernel.tx import WriteTx

_INSTANT = timedelta(microseconds=1)
_HORIZON_DAYS = 90


def put(tx: WriteTx, meter_key: str, data: CapacityPolicyPut) -> CapacityPolicy:
    """Set the bounds; the same bounds again change nothing. Raises `CapacityBoundsContradict`."""
    _check(data)
    fields = data.model_dump(mode="json")
    policy, made = _row(tx, meter_key, fields)
    if made and tx.if_match is not None:
        raise PreconditionFailed("There was no such policy yet.", current_version=0)
    tx.match(policy)
    before = {name: getattr(policy, name) for name in fields}
    if not made and before == fields:
        return policy
    if not made:
        for name, value in fields.items():
            setattr(policy, name, value)
        policy.updated_by = tx.actor
        policy.updated_at = tx.now
        policy.version += 1
        tx.flush()
        if not policy.is_active:
            resolve(tx, policy, reason="The capacity policy was switched off.")
    tx.emit(
        CapacityPolicySet(policy_id=policy.id, meter_key=meter_key),
        subject=ref("capacity", policy.id),
        before=None if made else before,
        after=fields,
    )
    return policy


def _row(tx: WriteTx, meter_key: str, fields: dict[str, Any]) -> tuple[CapacityPolicy, bool]:
    """The meter's policy, locked, and whether it was made just now."""
    row = {"tenant_id": tx.tenant_id, "id": new_id(), "meter_key": meter_key, "updated_by": tx.actor}
    times = {"created_at": tx.now, "updated_at": tx.now}
    made = tx.execute(
        insert(CapacityPolicy)
        .values(row | fields | times)
        .on_conflict_do_nothing(index_elements=["tenant_id", "meter_key"])
        .returning(CapacityPolicy.id)
    ).first()
    wanted = select(CapacityPolicy).where(CapacityPolicy.meter_key == meter_key).with_for_update()
    return tx.get(wanted, NoActiveCapacityPolicy), made is not None


def _check(data: CapacityPolicyPut) -> None:
    if data.min_replicas > data.max_replicas:
        raise CapacityBoundsContradict("min_replicas is above max_replicas.")
    if not data.min_replicas <= data.current_replicas <= data.max_replicas:
        raise CapacityBoundsContradict("current_replicas is not between min_replicas and max_replicas.")
    if data.scale_in_threshold_pct >= data.scale_out_threshold_pct:
        raise CapacityBoundsContradict("scale_in_threshold_pct is not below scale_out_threshold_pct.")


def make_forecast(tx: WriteTx, meter_key: str, *, window: timedelta, sample: timedelta) -> CapacityForecast:
    """Forecast `[now, now + window)` from the samples of the time before. Raises `NoActiveCapacityPolicy`."""
    policy = tx.get(
        select(CapacityPolicy).where(CapacityPolicy.meter_key == meter_key, CapacityPolicy.is_active),
        NoActiveCapacityPolicy("There is no active capacity policy for this meter."),
    )
    start = tx.now - sample
    read = [one for one in samples(tx, meter_key, start, tx.now + _INSTANT) if isfinite(one[1])]
    horizon = timedelta(days=policy.alert_horizon_days or _HORIZON_DAYS)
    found = forecast(read, tx.now, window, policy.exhaustion_limit, horizon) if read else None
    advice = _advise(policy, found)
    watch(tx, policy, found)
    row = tx.add(
        CapacityForecast(
            policy_id=policy.id,
            meter_key=meter_key,
            window_start=tx.now,
            window_end=tx.now + window,
            sample_start=start,
            sample_count=len(read),
            interval_level=LEVEL,
            current_replicas=policy.current_replicas,
            recommended_replicas=advice.replicas,
            decision=advice.decision,
            generated_at=tx.now,
            created_at=tx.now,
            **_figures(found, policy.exhaustion_limit),
        )
    )
    tx.emit(
        CapacityForecasted(
            policy_id=policy.id,
            forecast_id=row.id,
            meter_key=meter_key,
            decision=row.decision,
            recommended_replicas=row.recommended_replicas,
        ),
        subject=ref("capacity", policy.id),
    )
    return row


def _advise(policy: CapacityPolicy, found: Forecast | None) -> Advice:
    if found is None:
        return Advice(Decision.INSUFFICIENT_DATA, policy.current_replicas)
    bounds = Bounds(
        policy.target_utilization_pct,
        policy.scale_out_threshold_pct,
        policy.scale_in_threshold_pct,
        policy.min_replicas,
        policy.max_replicas,
        policy.current_replicas,
    )
    return advise(bounds, found.peak, found.peak_upper, modelled=found.modelled)


def _figures(found: Forecast | None, limit: float) -> dict[str, Any]:
    crossing = found.crossing if found else Crossing()
    return {
        "method": found.method if found else Method.NONE,
        "predicted_usage": found.mean if found else None,
        "lower_usage": found.lower if found else None,
        "upper_usage": found.upper if found else None,
        "peak_usage": found.peak if found else None,
        "peak_upper_usage": found.peak_upper if found else None,
        "backtest": asdict(found.report if found else Report()),
        "exhaustion": {
            "limit": limit,
            "horizon_days": crossing.horizon,
            "earliest_days": crossing.earliest,
            "likely_days": crossing.likely,
            "latest_days": crossing.latest,
        },
    }
