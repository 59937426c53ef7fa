"""`GET /signals` and `GET /overview`."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select

from app.domains.observability.signals.models import Signal
from app.domains.observability.signals.schemas import Overview, SignalFilter, SignalRead
from app.domains.observability.words import Level, SignalType
from app.kernel.api.pagination import page
from app.kernel.api.schemas import Page
from app.kernel.tx import ReadTx

_KEYS = {"id": Signal.id, "occurred_at": Signal.occurred_at}
_COLUMNS = select(
    *(column for column in Signal.__table__.c if column.name not in {"series_id", "batch_id"}),
    Signal.occurred_at.label("created_at"),
)
_OVERVIEW = f"""
SELECT count(*) AS total, count(*) FILTER (WHERE level = 'ERROR' OR coalesce(status_code, 0) >= 500) AS errors,
       percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95,
       {", ".join(f"count(*) FILTER (WHERE signal_type = '{word}')" for word in SignalType)},
       {", ".join(f"count(*) FILTER (WHERE level = '{word}')" for word in Level)}
FROM signal WHERE tenant_id = %(tenant)s AND occurred_at >= %(start)s AND occurred_at <= %(end)s
"""


def list_signals(tx: ReadTx, wanted: SignalFilter) -> Page[SignalRead]:
    """Newest first."""
    statement = _COLUMNS
    for name in ("signal_type", "level", "service_name", "signal_name", "trace_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(Signal.__table__.c[name] == value)
    if wanted.from_ts is not None:
        statement = statement.where(Signal.occurred_at >= wanted.from_ts)
    if wanted.to_ts is not None:
        statement = statement.where(Signal.occurred_at <= wanted.to_ts)
    return page(tx, statement, wanted, _read, keys=_KEYS, default="-occurred_at")


def _read(row: Row[Any]) -> SignalRead:
    return SignalRead.model_validate(row)


def overview(tx: ReadTx, window_minutes: int) -> Overview:
    """Counts and the nearest-rank p95 of the last minutes, exact."""
    names = {
        "tenant": tx.tenant_id,
        "start": tx.now - timedelta(minutes=window_minutes),
        "end": tx.now,
    }
    total, errors, p95, *counts = tx.conn.exec_driver_sql(_OVERVIEW, names).one()
    types = len(SignalType)
    return Overview(
        window_minutes=window_minutes,
        total_signals=total,
        error_signals=errors,
        p95_latency_ms=p95,
        by_type=dict(zip((word.value for word in SignalType), counts[:types], strict=True)),
        by_level=dict(zip((word.value for word in Level), counts[types:], strict=True)),
        computed_at=tx.now,
    )
