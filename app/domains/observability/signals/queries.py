"""Reading signals. For the other slices of observability: `window_counts`, `minute_counts`, `samples`.

All three read raw signals, so they are exact, and count what is stored when they run. Windows are half open:
`start <= occurred_at < end`. A signal is bad when its level is ERROR, its status code 500 or more, or (with a
threshold) its duration above it. They see what the transaction's tenant sees and take any `ReadTx`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.kernel.tx import ReadTx

MOST_SAMPLES = 20_000

_GOOD = """
    level <> 'ERROR' AND coalesce(status_code, 0) < 500
    AND (%(threshold)s::float8 IS NULL OR coalesce(duration_ms, 0) <= %(threshold)s)
"""
_WINDOW = """
    tenant_id = %(tenant)s AND signal_name = %(signal)s AND service_name = %(service)s
    AND occurred_at >= %(start)s AND occurred_at < %(end)s
"""
_COUNTS = f"""
SELECT count(*) AS total, count(*) FILTER (WHERE {_GOOD}) AS good,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_latency_ms
FROM signal WHERE {_WINDOW}
"""
_MINUTES = f"""
SELECT date_trunc('minute', occurred_at, 'UTC') AS at, count(*) AS total,
       count(*) FILTER (WHERE {_GOOD}) AS good
FROM signal WHERE {_WINDOW} GROUP BY 1 ORDER BY 1
"""
_METER = """
    tenant_id = %(tenant)s AND signal_name = %(signal)s AND signal_type = 'METRIC'
    AND occurred_at >= %(start)s AND occurred_at < %(end)s AND numeric_value IS NOT NULL
"""
_COUNT_SAMPLES = f"SELECT count(*) FROM signal WHERE {_METER}"
_SAMPLES = f"SELECT occurred_at, numeric_value FROM signal WHERE {_METER} ORDER BY occurred_at, id"
_THINNED = f"""
SELECT date_bin(%(step)s, occurred_at, %(start)s), avg(numeric_value) FROM signal WHERE {_METER}
GROUP BY 1 ORDER BY 1
"""


class WindowCounts(NamedTuple):
    """`p95_latency_ms` is the nearest rank, ceil(0.95 n), of the durations; None when there is none."""

    total: int
    good: int
    p95_latency_ms: float | None


class MinuteCounts(NamedTuple):
    """One minute that has signals; minutes without any are not listed."""

    at: datetime
    total: int
    good: int


def window_counts(
    tx: ReadTx,
    service_name: str,
    signal_name: str,
    start: datetime,
    end: datetime,
    latency_threshold_ms: float | None = None,
) -> WindowCounts:
    """How many signals, how many of them good, and the p95 of their durations."""
    names = _names(tx, service_name, signal_name, start, end, latency_threshold_ms)
    return WindowCounts(*tx.conn.exec_driver_sql(_COUNTS, names).one())


def minute_counts(
    tx: ReadTx,
    service_name: str,
    signal_name: str,
    start: datetime,
    end: datetime,
    latency_threshold_ms: float | None = None,
) -> list[MinuteCounts]:
    """The same counts minute by minute (UTC), oldest first."""
    names = _names(tx, service_name, signal_name, start, end, latency_threshold_ms)
    return [MinuteCounts(*row) for row in tx.conn.exec_driver_sql(_MINUTES, names)]


def samples(tx: ReadTx, meter_key: str, start: datetime, end: datetime) -> Sequence[tuple[datetime, float]]:
    """The values of METRIC signals named `meter_key`, whatever their service, in the order of time.

    Two samples of one instant are two. Above `MOST_SAMPLES` the window is cut into that many equal steps, and each
    step that has samples is answered by its start and their mean.
    """
    names = {"tenant": tx.tenant_id, "signal": meter_key, "start": start, "end": end}
    found = int(tx.conn.exec_driver_sql(_COUNT_SAMPLES, names).scalar_one())
    if found <= MOST_SAMPLES:
        return [(at, value) for at, value in tx.conn.exec_driver_sql(_SAMPLES, names)]
    step = (end - start) / MOST_SAMPLES + timedelta(microseconds=1)
    return [(at, value) for at, value in tx.conn.exec_driver_sql(_THINNED, names | {"step": step})]


def _names(
    tx: ReadTx, service: str, signal: str, start: datetime, end: datetime, threshold: float | None
) -> dict[str, object]:
    return {
        "tenant": tx.tenant_id,
        "service": service,
        "signal": signal,
        "start": start,
        "end": end,
        "threshold": threshold,
    }
