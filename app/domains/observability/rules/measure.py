"""What a rule looks at: figures over raw signals, one for each object."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from app.domains.observability.rules.schemas import Absence, Function, Threshold
from app.kernel.events.envelope import ref
from app.kernel.tx import ReadTx

MOST_OBJECTS = 1000
_BAD = "(level = 'ERROR' OR coalesce(status_code, 0) >= 500)"
# A group that names an object (`asset:<id>`) is that object: the alert stands in its thread.
_REF = re.compile(r"[a-z][a-z0-9_]*:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_QUANTILES = {Function.P50: 0.5, Function.P90: 0.9, Function.P95: 0.95, Function.P99: 0.99}


@dataclass(frozen=True, slots=True)
class Measured:
    """One object with its figure; `absent` says that there was nothing to measure."""

    object: str
    value: float | None
    labels: dict[str, str] = field(default_factory=dict)
    absent: bool = False


def threshold(tx: ReadTx, wanted: Threshold) -> list[Measured]:
    """The figure of each object that has `minimum_samples`, 1,000 objects at most."""
    names = _names(tx, wanted, wanted.window_seconds)
    grouped = _group(wanted.group_by, names)
    query = f"""
        SELECT {grouped}, count(*), {_figure(wanted, names)} FROM {_source(wanted)}
        WHERE {_where(wanted)} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_OBJECTS}
    """
    rows = tx.conn.exec_driver_sql(query, names).all()
    if not rows and wanted.group_by is None and wanted.fn in {Function.COUNT, Function.RATE, Function.ERRORS}:
        return [_measured(wanted, None, 0.0)]
    return [
        _measured(wanted, group, None if value is None else float(value))
        for group, samples, value in rows
        if samples >= wanted.minimum_samples and (wanted.group_by is None or group is not None)
    ]


def absence(tx: ReadTx, wanted: Absence) -> list[Measured]:
    """Each object, and whether nothing came from it in the window; `value` is the seconds since the last signal."""
    names = _names(tx, wanted, wanted.lookback_seconds)
    grouped = _group(wanted.group_by, names)
    query = f"""
        SELECT {grouped}, extract(epoch FROM %(now)s - max(occurred_at))::float8 FROM {_source(wanted)}
        WHERE {_where(wanted)} GROUP BY 1 ORDER BY 2, 1 LIMIT {MOST_OBJECTS}
    """
    rows = tx.conn.exec_driver_sql(query, names).all()
    if not rows and wanted.group_by is None:
        found = _measured(wanted, None, None)
        return [Measured(found.object, None, found.labels, absent=True)]
    found_all = [
        _measured(wanted, group, age) for group, age in rows if wanted.group_by is None or group is not None
    ]
    return [
        Measured(each.object, each.value, each.labels, absent=(each.value or 0) >= wanted.window_seconds)
        for each in found_all
    ]


def _measured(wanted: Threshold | Absence, group: str | None, value: float | None) -> Measured:
    labels = {"signal_name": wanted.signal_name}
    if wanted.service_name is not None:
        labels["service_name"] = wanted.service_name
    name = "/".join(filter(None, (wanted.service_name, wanted.signal_name)))
    if wanted.group_by is None or group is None:
        return Measured(_subject(name), value, labels)
    label = wanted.group_by.removeprefix("detail.").removeprefix("labels.")
    subject = group if _REF.fullmatch(group) else _subject(f"{name}:{group}")
    return Measured(subject, value, labels | {label: group[:200]})


def _subject(name: str) -> str:
    """A reference that `/api/thread` can be asked for: printable ASCII, 200 characters, different for different names."""
    plain = quote(name, safe="/:@.+*()[]{}")
    if len(plain) > 200:
        plain = f"{plain[:180]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return ref("signal", plain)


def _names(tx: ReadTx, wanted: Threshold | Absence, seconds: int) -> dict[str, Any]:
    return {
        "tenant": tx.tenant_id,
        "signal": wanted.signal_name,
        "service": wanted.service_name,
        "type": wanted.signal_type,
        "now": tx.now,
        "start": tx.now - timedelta(seconds=seconds),
    }


def _where(wanted: Threshold | Absence) -> str:
    parts = [
        "tenant_id = %(tenant)s AND signal_name = %(signal)s",
        "occurred_at >= %(start)s AND occurred_at <= %(now)s",
    ]
    if wanted.service_name is not None:
        parts.append("service_name = %(service)s")
    if wanted.signal_type is not None:
        parts.append("signal_type = %(type)s")
    return " AND ".join(parts)


def _source(wanted: Threshold | Absence) -> str:
    """Signals, with the labels of their series where those are asked for."""
    if wanted.group_by is None or not wanted.group_by.startswith("labels."):
        return "signal"
    series = "SELECT tenant_id AS of_tenant, id AS of_series, labels FROM signal_series"
    return f"signal JOIN ({series}) series ON of_tenant = tenant_id AND of_series = series_id"


def _group(group_by: str | None, names: dict[str, Any]) -> str:
    if group_by is None:
        return "NULL::text"
    if group_by.startswith("detail."):
        names["label"] = group_by.removeprefix("detail.")
        return "detail ->> %(label)s"
    if group_by.startswith("labels."):
        names["label"] = group_by.removeprefix("labels.")
        return "labels ->> %(label)s"
    return group_by


def _figure(wanted: Threshold, names: dict[str, Any]) -> str:
    if wanted.fn in _QUANTILES:
        names["q"] = _QUANTILES[wanted.fn]
        return f"percentile_disc(%(q)s) WITHIN GROUP (ORDER BY {wanted.field})"
    match wanted.fn:
        case Function.COUNT:
            return "count(*)"
        case Function.RATE:
            names["seconds"] = wanted.window_seconds
            return "count(*)::float8 / %(seconds)s"
        case Function.ERRORS:
            return f"count(*) FILTER (WHERE {_BAD})"
        case Function.ERROR_RATIO:
            return f"count(*) FILTER (WHERE {_BAD})::float8 / count(*)"
        case _:
            return f"{wanted.fn.value}({wanted.field})"
