"""Many rows at once, as the app role and under row security.

COPY … FROM is refused on a table with row security, so rows go through `unnest` arrays (best up to some ten
thousand) or through COPY into a temporary table (best above). Both run in the caller's transaction, and every
row must carry the bound tenant: the policies' WITH CHECK refuses any other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import ARRAY, Column, Connection, Table
from sqlalchemy.engine import Dialect

CHUNK = 5000

Row = Sequence[Any]


def insert_rows(
    conn: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row], *, on_conflict: str = ""
) -> int:
    """`INSERT … SELECT FROM unnest(…)`; each row holds the values of `columns` in order.

    `on_conflict` is PostgreSQL's clause, such as `ON CONFLICT DO NOTHING`. Returns how many rows were inserted
    (or updated by the clause). Raises `ValueError` for a column of an array type: unnest would flatten it, use
    `copy_via_temp`; and for a row of the wrong length.
    """
    chosen = [table.c[name] for name in columns]
    arrays = [column.name for column in chosen if isinstance(column.type, ARRAY)]
    if arrays:
        raise ValueError(f"unnest flattens array columns: {', '.join(arrays)}")
    types = [column.type.compile(conn.dialect) for column in chosen]
    names = _names(conn.dialect, chosen)
    sources = ", ".join(f"%s::{kind}[]" for kind in types)
    statement = (
        f"INSERT INTO {_table(conn.dialect, table)} ({names}) SELECT * FROM unnest({sources}) {on_conflict}"
    )
    written = 0
    prepared = _prepare(conn.dialect, chosen, rows)
    while chunk := list(islice(prepared, CHUNK)):
        written += conn.exec_driver_sql(statement, tuple(map(list, zip(*chunk, strict=True)))).rowcount
    return written


def copy_via_temp(
    conn: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row], *, on_conflict: str = ""
) -> int:
    """COPY into a temporary table, then `INSERT … SELECT`; for streams of any length and any column type.

    Arguments, result and errors as for `insert_rows`. The app role needs TEMPORARY on the database.
    """
    chosen = [table.c[name] for name in columns]
    names = _names(conn.dialect, chosen)
    target = _table(conn.dialect, table)
    staging = f"pg_temp.load_{table.name}"
    conn.exec_driver_sql(
        f"CREATE TEMPORARY TABLE load_{table.name} AS SELECT {names} FROM {target} WITH NO DATA"
    )
    driver = conn.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(driver).__name__}")
    with driver.cursor() as cursor, cursor.copy(f"COPY {staging} ({names}) FROM STDIN") as copy:
        for row in _prepare(conn.dialect, chosen, rows):
            copy.write_row(row)
    written = conn.exec_driver_sql(
        f"INSERT INTO {target} ({names}) SELECT {names} FROM {staging} {on_conflict}"
    ).rowcount
    conn.exec_driver_sql(f"DROP TABLE {staging}")
    return written


def _prepare(dialect: Dialect, columns: Sequence[Column[Any]], rows: Iterable[Row]) -> Iterator[list[Any]]:
    """Rows as the driver wants them: each value through its column type, as the ORM would send it."""
    processors = [_processor(dialect, column) for column in columns]
    for row in rows:
        yield [
            value if process is None else process(value)
            for process, value in zip(processors, row, strict=True)
        ]


def _processor(dialect: Dialect, column: Column[Any]) -> Callable[[Any], Any] | None:
    found: Callable[[Any], Any] | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return found


def _names(dialect: Dialect, columns: Sequence[Column[Any]]) -> str:
    return ", ".join(dialect.identifier_preparer.format_column(column) for column in columns)


def _table(dialect: Dialect, table: Table) -> str:
    return dialect.identifier_preparer.format_table(table)
