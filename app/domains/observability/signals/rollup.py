"""Roll-ups: made by the worker from the batches that came in, minutes from raw signals and hours from minutes.

A touched bucket is always made again from what lies below it, so late signals are counted and a second run changes
nothing. A batch waits until the last of its minutes is over; an hour is made when it is over, and again when a late
batch touches it. One run a tenant at a time.
"""

from datetime import datetime, timedelta

from app.domains.observability.signals.models import NO_SERIES
from app.domains.observability.signals.sketch import sql_key
from app.kernel.tx import ReadTx, WriteTx

BATCHES_A_RUN = 5000
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_LOOK_BACK = timedelta(hours=48)

_KEYS = "bucket_at, service_name, signal_name, signal_type, level, series_id"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('signal_rollup'), hashtext(%(tenant)s::text))"
_WAITING = """
SELECT id, minutes FROM signal_batch
WHERE tenant_id = %(tenant)s AND NOT rolled_up AND minutes[cardinality(minutes)] <= %(last)s
ORDER BY id LIMIT %(most)s
"""
_DONE = "UPDATE signal_batch SET rolled_up = true WHERE tenant_id = %(tenant)s AND id = ANY (%(ids)s)"
_CLEAR = """
DELETE FROM signal_rollup
WHERE tenant_id = %(tenant)s AND resolution = %(resolution)s AND bucket_at = ANY (%(buckets)s)
"""


def _sketched(what: str) -> str:
    """CTEs `value_sketches` or `duration_sketches`: {bucket: count} by key."""
    return f"""
    {what}_sketches AS (
        SELECT {_KEYS}, jsonb_object_agg(bucket, counted) AS {what}_sketch FROM (
            SELECT {_KEYS}, {sql_key(what)} AS bucket, count(*) AS counted FROM raw
            WHERE {what} IS NOT NULL GROUP BY {_KEYS}, bucket) AS counts
        GROUP BY {_KEYS})"""


def _merged(what: str) -> str:
    return f"""
    {what}_sketches AS (
        SELECT {_KEYS}, jsonb_object_agg(bucket, counted) AS {what}_sketch FROM (
            SELECT {_KEYS}, one.key AS bucket, sum(one.value::bigint) AS counted
            FROM minutes CROSS JOIN jsonb_each_text({what}_sketch) AS one GROUP BY {_KEYS}, bucket) AS counts
        GROUP BY {_KEYS})"""


_COLUMNS = f"""
tenant_id, resolution, {_KEYS}, total, errors, value_count, value_sum, value_min, value_max, value_sketch,
duration_count, duration_sum, duration_min, duration_max, duration_sketch
"""
_RESULT = f"""
SELECT %(tenant)s, %(resolution)s, {_KEYS}, total, errors,
       value_count, value_sum, value_min, value_max, coalesce(value_sketch, '{{}}'),
       duration_count, duration_sum, duration_min, duration_max, coalesce(duration_sketch, '{{}}')
FROM sums LEFT JOIN value_sketches USING ({_KEYS}) LEFT JOIN duration_sketches USING ({_KEYS})
"""
_MAKE_MINUTES = f"""
INSERT INTO signal_rollup ({_COLUMNS})
WITH raw AS MATERIALIZED (
    SELECT touched.at AS bucket_at, service_name, signal_name, signal_type, level,
           coalesce(series_id, '{NO_SERIES}') AS series_id, numeric_value AS value, duration_ms AS duration,
           level = 'ERROR' OR coalesce(status_code, 0) >= 500 AS bad
    FROM unnest(%(buckets)s::timestamptz[]) AS touched(at) JOIN signal ON tenant_id = %(tenant)s
         AND occurred_at >= touched.at AND occurred_at < touched.at + interval '1 minute'),
sums AS (
    SELECT {_KEYS}, count(*) AS total, count(*) FILTER (WHERE bad) AS errors,
           count(value) AS value_count, coalesce(sum(value), 0) AS value_sum,
           min(value) AS value_min, max(value) AS value_max,
           count(duration) AS duration_count, coalesce(sum(duration), 0) AS duration_sum,
           min(duration) AS duration_min, max(duration) AS duration_max
    FROM raw GROUP BY {_KEYS}),
{_sketched("value")}, {_sketched("duration")}
{_RESULT}
"""
_MAKE_HOURS = f"""
INSERT INTO signal_rollup ({_COLUMNS})
WITH minutes AS MATERIALIZED (
    SELECT touched.at AS bucket_at, service_name, signal_name, signal_type, level, series_id, total, errors,
           value_count, value_sum, value_min, value_max, value_sketch,
           duration_count, duration_sum, duration_min, duration_max, duration_sketch
    FROM unnest(%(buckets)s::timestamptz[]) AS touched(at) JOIN signal_rollup ON tenant_id = %(tenant)s
         AND resolution = 60
         AND signal_rollup.bucket_at >= touched.at AND signal_rollup.bucket_at < touched.at + interval '1 hour'),
sums AS (
    SELECT {_KEYS}, sum(total) AS total, sum(errors) AS errors, sum(value_count) AS value_count,
           sum(value_sum) AS value_sum, min(value_min) AS value_min, max(value_max) AS value_max,
           sum(duration_count) AS duration_count, sum(duration_sum) AS duration_sum,
           min(duration_min) AS duration_min, max(duration_max) AS duration_max
    FROM minutes GROUP BY {_KEYS}),
{_merged("value")}, {_merged("duration")}
{_RESULT}
"""
_MISSING_HOURS = """
SELECT hour FROM generate_series(%(first)s::timestamptz, %(last)s::timestamptz, interval '1 hour') AS hour
WHERE EXISTS (SELECT FROM signal_rollup WHERE tenant_id = %(tenant)s AND resolution = 60
              AND bucket_at >= hour AND bucket_at < hour + interval '1 hour')
  AND NOT EXISTS (SELECT FROM signal_rollup WHERE tenant_id = %(tenant)s AND resolution = 3600
                  AND bucket_at = hour)
"""
_THROUGH = """
SELECT min(minutes[1]) FROM signal_batch WHERE tenant_id = %(tenant)s AND NOT rolled_up AND item_count > 0
"""


def roll_up(tx: WriteTx) -> int:
    """Make the buckets that waiting batches touched; returns how many batches are done."""
    tx.conn.exec_driver_sql("SET LOCAL statement_timeout = '10min'")
    tx.conn.exec_driver_sql(_LOCK, {"tenant": tx.tenant_id})
    names = {"tenant": tx.tenant_id, "last": tx.now - MINUTE, "most": BATCHES_A_RUN}
    waiting = tx.conn.exec_driver_sql(_WAITING, names).all()
    minutes = sorted({minute for _, touched in waiting for minute in touched})
    _make(tx, 60, minutes, _MAKE_MINUTES)
    over = hour_of(tx.now)
    touched = {hour for minute in minutes if (hour := hour_of(minute)) < over}
    _make(tx, 3600, sorted(touched | _missing_hours(tx, over)), _MAKE_HOURS)
    tx.conn.exec_driver_sql(_DONE, {"tenant": tx.tenant_id, "ids": [batch for batch, _ in waiting]})
    return len(waiting)


def data_through(tx: ReadTx, resolution: int) -> datetime:
    """Until when the roll-ups hold everything that came in."""
    oldest = tx.conn.exec_driver_sql(_THROUGH, {"tenant": tx.tenant_id}).scalar()
    through = min(oldest or tx.now, tx.now).replace(second=0, microsecond=0)
    return hour_of(through) if resolution == 3600 else through


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _missing_hours(tx: WriteTx, over: datetime) -> set[datetime]:
    """Hours that ended without a signal in their last minute: no batch came to make them."""
    names = {"tenant": tx.tenant_id, "first": over - _LOOK_BACK, "last": over - HOUR}
    return set(tx.conn.exec_driver_sql(_MISSING_HOURS, names).scalars())


def _make(tx: WriteTx, resolution: int, buckets: list[datetime], statement: str) -> None:
    if not buckets:
        return
    names = {"tenant": tx.tenant_id, "resolution": resolution, "buckets": buckets}
    tx.conn.exec_driver_sql(_CLEAR, names)
    tx.conn.exec_driver_sql(statement, names)
