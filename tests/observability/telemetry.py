"""Signals put straight into the table: any number, at any time, without the wire."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.domains.observability.signals.models import Signal
from app.kernel.db.bulk import insert_rows
from app.kernel.ids import new_id
from app.kernel.tx import WriteTx

_COLUMNS = (
    "tenant_id",
    "occurred_at",
    "id",
    "signal_type",
    "level",
    "service_name",
    "signal_name",
    "status_code",
    "duration_ms",
    "numeric_value",
    "created_by",
    "batch_id",
)


def requests(tx: WriteTx, at: Iterable[datetime], *, service: str = "api", **fields: Any) -> None:
    """One request signal at each instant. `fields`: level, status_code, duration_ms, signal_name."""
    name = fields.get("signal_name", "request")
    tail = (fields.get("status_code"), fields.get("duration_ms"), None, "test")
    head = ("TRACE", fields.get("level", "INFO"), service, name)
    _store(tx, [(tx.tenant_id, instant, new_id(), *head, *tail, new_id()) for instant in at])


def samples(tx: WriteTx, meter: str, points: Iterable[tuple[datetime, float]]) -> None:
    """One metric sample for each point."""
    rows = [
        (tx.tenant_id, at, new_id(), "METRIC", "INFO", "fleet", meter, None, None, value, "test", new_id())
        for at, value in points
    ]
    _store(tx, rows)


def _store(tx: WriteTx, rows: list[tuple[Any, ...]]) -> None:
    insert_rows(tx.conn, Signal.__table__, _COLUMNS, rows)
