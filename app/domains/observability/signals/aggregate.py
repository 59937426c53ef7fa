"""Adding signals up: which source answers, and its SQL. Names in the SQL are ours; every value is bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domains.observability.signals.errors import NotRolledUp, RangeTooFine
from app.domains.observability.signals.models import NO_SERIES
from app.domains.observability.signals.preferences import Preferences, preferences
from app.domains.observability.signals.rollup import data_through
from app.domains.observability.signals.schemas import (
    Aggregate,
    AggregateFunction,
    AggregatePoint,
    AggregateRead,
    AggregateSeries,
    DataSource,
)
from app.domains.observability.signals.sketch import quantile
from app.kernel.problem import invalid
from app.kernel.tx import ReadTx

MOST_POINTS = 11_000
MOST_GROUPS = 1_000
_PERCENTILES = {
    AggregateFunction.P50: 0.5,
    AggregateFunction.P75: 0.75,
    AggregateFunction.P90: 0.9,
    AggregateFunction.P95: 0.95,
    AggregateFunction.P99: 0.99,
}
_COUNTS = {AggregateFunction.COUNT, AggregateFunction.RATE, AggregateFunction.ERRORS}
_RESOLUTION = {DataSource.MINUTE: 60, DataSource.HOUR: 3600}
_COLUMNS = {"service_name", "signal_name", "signal_type", "level"}
_BAD = "(s.level = 'ERROR' OR coalesce(s.status_code, 0) >= 500)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided: the source, and the range cut to it."""

    source: DataSource
    start: datetime
    end: datetime
    step: timedelta


def aggregate(tx: ReadTx, wanted: Aggregate) -> AggregateRead:
    """The answer. Raises `RangeTooFine`, `NotRolledUp`, and `ValidationFailed` for a range that is none."""
    if wanted.to_ts <= wanted.from_ts:
        raise invalid("to_ts", "range_empty", "to_ts must be after from_ts.")
    plan = _plan(wanted, preferences(tx), tx.now)
    steps = -((plan.start - plan.end) // plan.step)
    if steps > MOST_POINTS:
        raise RangeTooFine(f"{steps} steps; an answer has at most {MOST_POINTS}.")
    rows = _run(tx, wanted, plan)
    through = tx.now if plan.source is DataSource.RAW else data_through(tx, _RESOLUTION[plan.source])
    return AggregateRead(
        fn=wanted.fn,
        data_source=plan.source,
        data_through=min(through, plan.end),
        from_ts=plan.start,
        to_ts=plan.end,
        step_seconds=plan.step.total_seconds(),
        series=_series(wanted, plan, rows, steps),
    )


def _plan(wanted: Aggregate, kept: Preferences, now: datetime) -> Plan:
    source = _choose(wanted, kept, now) if wanted.source is DataSource.AUTO else wanted.source
    if source is not DataSource.RAW:
        _can_roll_up(wanted)
        unit = _RESOLUTION[source]
        if wanted.step_seconds is not None and wanted.step_seconds % unit:
            raise NotRolledUp(f"Steps must be multiples of {unit} s for {source.value}.")
        size = timedelta(seconds=unit)
        start = _floor(wanted.from_ts, size)
        end = _floor(wanted.to_ts + size - timedelta(microseconds=1), size)
    else:
        start, end = wanted.from_ts, wanted.to_ts
    step = timedelta(seconds=wanted.step_seconds) if wanted.step_seconds else end - start
    return Plan(source, start, end, step)


def _choose(wanted: Aggregate, kept: Preferences, now: datetime) -> DataSource:
    """Raw as long as it is kept and the range short; then the coarsest roll-up that divides the step."""
    length = wanted.to_ts - wanted.from_ts
    step = wanted.step_seconds or 3600
    gone = wanted.from_ts < now - kept.raw
    if _needs_raw(wanted) or (length <= timedelta(hours=6) and not gone):
        return DataSource.RAW
    minutes_gone = wanted.from_ts < now - timedelta(days=kept.minute_days)
    if step % 3600 == 0 and (minutes_gone or length > timedelta(days=2)):
        return DataSource.HOUR
    if step % 60 == 0 and not minutes_gone:
        return DataSource.MINUTE
    return DataSource.RAW


def _needs_raw(wanted: Aggregate) -> bool:
    by_label = bool(wanted.labels) or any(key.startswith("label.") for key in wanted.group_by)
    return by_label or wanted.fn is AggregateFunction.INCREASE


def _can_roll_up(wanted: Aggregate) -> None:
    if wanted.fn is AggregateFunction.INCREASE:
        raise NotRolledUp("increase follows single samples: source raw.")


def _floor(at: datetime, size: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=at.tzinfo)
    return at - (at - epoch) % size


def _run(tx: ReadTx, wanted: Aggregate, plan: Plan) -> Sequence[Any]:
    names: dict[str, Any] = {
        "tenant": tx.tenant_id,
        "start": plan.start,
        "end": plan.end,
        "step": plan.step,
        "most": MOST_POINTS * 20,
    }
    statement = (
        _raw_sql(wanted, names) if plan.source is DataSource.RAW else _rollup_sql(wanted, names, plan.source)
    )
    rows = tx.conn.exec_driver_sql(statement + " LIMIT %(most)s", names).all()
    if len(rows) == names["most"]:
        raise RangeTooFine(f"More than {names['most']} points.")
    return rows


def _groups(wanted: Aggregate, names: dict[str, Any], *, raw: bool) -> tuple[str, str]:
    """The group columns of a SELECT, each with its comma, and the GROUP BY list."""
    chosen = []
    for place, key in enumerate(wanted.group_by):
        if key in _COLUMNS:
            chosen.append(f"s.{key}")
        else:
            names[f"label_{place}"] = key.removeprefix("label.")
            chosen.append(_label(f"label_{place}", raw=raw))
    columns = "".join(f", {expression} AS g{place}" for place, expression in enumerate(chosen))
    return columns, ", ".join(["1", *(str(place + 2) for place in range(len(chosen)))])


def _label(name: str, *, raw: bool) -> str:
    of_series = f"r.labels ->> %({name})s"
    return f"coalesce({of_series}, s.detail ->> %({name})s)" if raw else of_series


def _conditions(wanted: Aggregate, names: dict[str, Any], *, raw: bool) -> str:
    parts = ["s.tenant_id = %(tenant)s"]
    for column in sorted(_COLUMNS):
        value = getattr(wanted, column)
        if value is not None:
            names[column] = value
            parts.append(f"s.{column} = %({column})s")
    for place, (label, value) in enumerate(sorted(wanted.labels.items())):
        names[f"wanted_{place}"], names[f"value_{place}"] = label, value
        parts.append(f"{_label(f'wanted_{place}', raw=raw)} = %(value_{place})s")
    return " AND ".join(parts)


def _join(wanted: Aggregate) -> str:
    by_label = wanted.labels or any(key.startswith("label.") for key in wanted.group_by)
    if not by_label:
        return ""
    return " LEFT JOIN signal_series r ON r.tenant_id = s.tenant_id AND r.id = s.series_id"


def _raw_sql(wanted: Aggregate, names: dict[str, Any]) -> str:
    columns, order = _groups(wanted, names, raw=True)
    source = f"signal s{_join(wanted)}"
    where = _conditions(wanted, names, raw=True)
    where += " AND s.occurred_at >= %(start)s AND s.occurred_at < %(end)s"
    at = "date_bin(%(step)s, s.occurred_at, %(start)s)"
    if wanted.fn is AggregateFunction.INCREASE:
        names["no_series"] = NO_SERIES
        outer = "".join(f", g{place}" for place in range(len(wanted.group_by)))
        return f"""
            SELECT at{outer}, sum(CASE WHEN value >= before THEN value - before WHEN value < before THEN value END)
            FROM (SELECT {at} AS at{columns}, s.numeric_value AS value, lag(s.numeric_value) OVER (
                      PARTITION BY s.service_name, s.signal_name, coalesce(s.series_id, %(no_series)s)
                      ORDER BY s.occurred_at, s.id) AS before
                  FROM {source} WHERE {where} AND s.numeric_value IS NOT NULL) AS steps
            GROUP BY {order} ORDER BY {order}"""
    return f"SELECT {at}{columns}, {_raw_value(wanted, names)} FROM {source} WHERE {where} GROUP BY {order} ORDER BY {order}"


def _raw_value(wanted: Aggregate, names: dict[str, Any]) -> str:
    if wanted.fn in _PERCENTILES:
        names["q"] = _PERCENTILES[wanted.fn]
        return f"percentile_disc(%(q)s) WITHIN GROUP (ORDER BY s.{wanted.field})"
    if wanted.fn is AggregateFunction.ERRORS:
        return f"count(*) FILTER (WHERE {_BAD})"
    return "count(*)" if wanted.fn in _COUNTS else f"{wanted.fn.value}(s.{wanted.field})"


def _rollup_sql(wanted: Aggregate, names: dict[str, Any], source: DataSource) -> str:
    names["resolution"] = _RESOLUTION[source]
    columns, order = _groups(wanted, names, raw=False)
    where = _conditions(wanted, names, raw=False) + (
        " AND s.resolution = %(resolution)s AND s.bucket_at >= %(start)s AND s.bucket_at < %(end)s"
    )
    table = f"signal_rollup s{_join(wanted)}"
    at = "date_bin(%(step)s, s.bucket_at, %(start)s)"
    what = "value" if wanted.field == "numeric_value" else "duration"
    if wanted.fn in _PERCENTILES:
        outer = "".join(f", g{place}" for place in range(len(wanted.group_by)))
        return f"""
            SELECT at{outer}, jsonb_object_agg(bucket, counted) FROM (
                SELECT {at} AS at{columns}, one.key AS bucket, sum(one.value::bigint) AS counted
                FROM {table} CROSS JOIN jsonb_each_text(s.{what}_sketch) AS one
                WHERE {where} GROUP BY {order}, bucket) AS counts
            GROUP BY {order} ORDER BY {order}"""
    value = {
        AggregateFunction.SUM: f"CASE WHEN sum(s.{what}_count) > 0 THEN sum(s.{what}_sum) END",
        AggregateFunction.AVG: f"sum(s.{what}_sum) / nullif(sum(s.{what}_count), 0)",
        AggregateFunction.MIN: f"min(s.{what}_min)",
        AggregateFunction.MAX: f"max(s.{what}_max)",
        AggregateFunction.ERRORS: "sum(s.errors)",
    }.get(wanted.fn, "sum(s.total)")
    return f"SELECT {at}{columns}, {value} FROM {table} WHERE {where} GROUP BY {order} ORDER BY {order}"


def _series(wanted: Aggregate, plan: Plan, rows: Sequence[Any], steps: int) -> list[AggregateSeries]:
    found: dict[tuple[str | None, ...], dict[datetime, float | None]] = {}
    for at, *group, value in rows:
        found.setdefault(tuple(group), {})[at] = _value(wanted, plan, value)
    if len(found) > MOST_GROUPS or len(found) * steps > MOST_POINTS * 20:
        raise RangeTooFine(f"{len(found)} groups of {steps} steps; ask for fewer.")
    if not wanted.group_by and not found:
        found[()] = {}
    nothing = 0.0 if wanted.fn in _COUNTS else None
    starts = [plan.start + plan.step * place for place in range(steps)]
    return [
        AggregateSeries(
            group=dict(zip(wanted.group_by, group, strict=True)),
            points=[AggregatePoint(at=at, value=values.get(at, nothing)) for at in starts],
        )
        for group, values in sorted(found.items(), key=lambda item: [str(part) for part in item[0]])
    ]


def _value(wanted: Aggregate, plan: Plan, value: Any) -> float | None:
    if value is None:
        return None
    if wanted.fn in _PERCENTILES and isinstance(value, dict):
        return quantile(value, _PERCENTILES[wanted.fn])
    return float(value) / plan.step.total_seconds() if wanted.fn is AggregateFunction.RATE else float(value)
