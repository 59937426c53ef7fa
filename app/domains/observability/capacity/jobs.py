"""What the worker does for capacity: a forecast a day for each meter, and a look at how old ones came out."""

from datetime import timedelta
from math import isfinite

from sqlalchemy import select

from app.domains.observability.capacity.models import CapacityForecast, CapacityPolicy
from app.domains.observability.capacity.service import make_forecast
from app.domains.observability.signals.queries import samples
from app.kernel.jobs.engine import Job, JobContext
from app.kernel.tx import WriteTx

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
GRACE = timedelta(minutes=15)
"""Samples may come so late; then the window is scored."""
_AT_ONCE = 200


def forecast_all(context: JobContext) -> None:
    """Forecast the day ahead of each active meter from the week before, each in a transaction of its own."""
    for meter in context.write(_meters):
        context.write(lambda tx, one=meter: make_forecast(tx, one, window=DAY, sample=WEEK))  # type: ignore[misc]


def score_all(context: JobContext) -> None:
    """Score forecasts whose window is over, a page at a time."""
    while context.write(score):
        pass


def score(tx: WriteTx) -> bool:
    """Put what came beside what was forecast; whether there may be more. Without samples it stays unknown."""
    over = (
        select(CapacityForecast)
        .where(
            CapacityForecast.scored_at.is_(None),
            CapacityForecast.predicted_usage.is_not(None),
            CapacityForecast.window_end <= tx.now - GRACE,
        )
        .order_by(CapacityForecast.window_end, CapacityForecast.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = tx.objects(over)
    for forecast in found:
        came = samples(tx, forecast.meter_key, forecast.window_start, forecast.window_end)
        values = [value for _, value in came if isfinite(value)]
        forecast.actual_usage = sum(values) / len(values) if values else None
        forecast.scored_at = tx.now
    tx.flush()
    return len(found) == _AT_ONCE


def _meters(tx: WriteTx) -> list[str]:
    rows = tx.all(
        select(CapacityPolicy.meter_key).where(CapacityPolicy.is_active).order_by(CapacityPolicy.id)
    )
    return [row.meter_key for row in rows]


FORECAST = Job("capacity.forecast", forecast_all, queue="batch", cron="41 4 * * *", attempts=1, free=True)
SCORE = Job("capacity.score", score_all, queue="batch", cron="*/15 * * * *", attempts=1, free=True)
JOBS = (FORECAST, SCORE)
