"""Signals into the table, under row security: COPY into a temporary table, or `unnest` for few.

The general tools of `app.kernel.db.bulk` send every column of every row; a batch shares tenant, author and batch id,
and its rows are written as COPY text here at once. Measured with 5,000 rows: see docs/benchmarks.md.
"""

from collections.abc import Sequence
from uuid import UUID

import psycopg
from pydantic_core import to_json
from sqlalchemy import Connection

from app.domains.observability.ingest.record import Record
from app.kernel.tx import WriteTx

_COLUMNS = (
    "occurred_at, signal_type, service_name, signal_name, level, trace_id, span_id, status_code, duration_ms,"
    " numeric_value, unit, message, detail, series_id, id"
)
_TYPES = (
    "timestamptz",
    *("text",) * 6,
    "integer",
    "float8",
    "float8",
    *("text",) * 2,
    "jsonb",
    "uuid",
    "uuid",
)
_SHARED = "INSERT INTO signal (tenant_id, created_by, batch_id, " + _COLUMNS + ") "
_UNNEST = (
    _SHARED
    + "SELECT %s, %s, %s, rows.* FROM unnest("
    + ", ".join(f"%s::{kind}[]" for kind in _TYPES)
    + ") AS rows"
)
_STAGE = f"CREATE TEMPORARY TABLE load_signal AS SELECT {_COLUMNS} FROM signal WITH NO DATA"
_COPY = f"COPY pg_temp.load_signal ({_COLUMNS}) FROM STDIN"
_MOVE = _SHARED + f"SELECT %s, %s, %s, {_COLUMNS} FROM pg_temp.load_signal"
FEW = 1000
_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def write_signals(tx: WriteTx, batch_id: UUID, ids: Sequence[UUID], records: Sequence[Record]) -> None:
    """Insert the records, each under the id of the same place."""
    shared = (tx.tenant_id, tx.actor, batch_id)
    if len(records) <= FEW:
        _by_unnest(tx.conn, shared, ids, records)
    else:
        _by_copy(tx.conn, shared, ids, records)


def _by_unnest(
    conn: Connection, shared: tuple[object, ...], ids: Sequence[UUID], records: Sequence[Record]
) -> None:
    columns: list[list[object]] = [list(values) for values in zip(*records, strict=True)]
    columns[12] = [_document(detail) for detail in columns[12]]
    conn.exec_driver_sql(_UNNEST, (*shared, *columns, list(ids)))


def _by_copy(
    conn: Connection, shared: tuple[object, ...], ids: Sequence[UUID], records: Sequence[Record]
) -> None:
    conn.exec_driver_sql(_STAGE)
    driver = conn.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(driver).__name__}")
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write("".join(map(_line, records, ids)).encode())
    conn.exec_driver_sql(_MOVE, shared)
    conn.exec_driver_sql("DROP TABLE pg_temp.load_signal")


def _line(record: Record, row_id: UUID) -> str:
    """One row in COPY's text format."""
    at, kind, service, name, level, trace, span, status, duration, value, unit, message, detail, series = (
        record
    )
    return (
        f"{at.isoformat()}\t{kind}\t{_text(service)}\t{_text(name)}\t{level}\t{_text(trace)}\t{_text(span)}"
        f"\t{_NULL if status is None else status}\t{_NULL if duration is None else duration}"
        f"\t{_NULL if value is None else value}\t{_text(unit)}\t{_text(message)}"
        f"\t{_text(_document(detail))}\t{_NULL if series is None else series}\t{row_id.hex}\n"
    )


def _text(value: str | None) -> str:
    if value is None:
        return _NULL
    if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
        return value.translate(_ESCAPES)
    return value


def _document(detail: object) -> str:
    return to_json(detail).decode() if detail else "{}"
