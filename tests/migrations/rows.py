"""One row per tenant in every tenant table, made from the catalog, so a new table is tested unasked.

Checks, foreign keys and triggers are taken off in this throwaway database: the rows need no meaning, only a
tenant. Partitions get a row inside their own bounds.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from tests.migrations.catalog import tenant_tables

TENANTS = (uuid4(), uuid4())

_COLUMNS = """
SELECT a.attname, a.atttypid::regtype::text FROM pg_attribute a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum
"""
_SAMPLES: Mapping[str, Callable[[], str]] = {
    "uuid": lambda: f"'{uuid4()}'",
    "text": lambda: "'x'",
    "character varying": lambda: "'x'",
    "boolean": lambda: "true",
    "integer": lambda: "1",
    "smallint": lambda: "1",
    "bigint": lambda: "1",
    "numeric": lambda: "1",
    "double precision": lambda: "1",
    "timestamp with time zone": lambda: "'2026-02-03T04:05:06Z'",
    "date": lambda: "'2026-02-03'",
    "interval": lambda: "'1 hour'",
    "jsonb": lambda: "'{}'",
    "bytea": lambda: "'\\x00'",
}


@dataclass(frozen=True)
class Filled:
    urls: Any
    rows: dict[tuple[str, UUID], dict[str, str]]
    """The SQL literals of each table's row, by (table, tenant)."""

    @property
    def tables(self) -> list[str]:
        return sorted({table for table, _ in self.rows})


def sample(kind: str) -> str:
    """A literal of a type; an unknown type is a `KeyError`, to be added above."""
    return "'{}'" if kind.endswith("[]") else _SAMPLES[kind]()


def insert(conn: psycopg.Connection, table: str, row: Mapping[str, str]) -> int:
    """INSERT literals; returns the row count."""
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    values = sql.SQL(", ".join(f"{value}" for value in row.values()))  # type: ignore[arg-type]
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})")
    return conn.execute(statement.format(sql.Identifier(table), columns, values)).rowcount


def fill(urls: Any) -> Filled:
    rows = {}
    with psycopg.connect(urls.superuser_url) as conn:
        _drop_checks(conn)
        conn.execute("SET session_replication_role = replica")
        for table in _leaves(conn):
            for tenant in TENANTS:
                rows[table, tenant] = _row(conn, table, tenant)
                insert(conn, table, rows[table, tenant])
        conn.execute("SET session_replication_role = origin")
        for (parent,) in conn.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'p' AND relname = ANY (%s)", (tenant_tables(conn),)
        ).fetchall():
            leaf = conn.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass LIMIT 1",
                (parent,),
            ).fetchone()
            if leaf is None:
                raise LookupError(f"{parent} has no partition, so no row can be tried")
            for tenant in TENANTS:
                rows[parent, tenant] = rows[leaf[0], tenant]
        for table in tenant_tables(conn):
            conn.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
    return Filled(urls, rows)


def _drop_checks(conn: psycopg.Connection) -> None:
    checks = conn.execute(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint"
        " WHERE contype = 'c' AND conrelid <> 0 AND coninhcount = 0 AND connamespace = 'public'::regnamespace"
    ).fetchall()
    for (statement,) in checks:
        conn.execute(statement)


def _leaves(conn: psycopg.Connection) -> list[str]:
    names = tenant_tables(conn)
    found = conn.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname = ANY (%s)", (names,))
    return [name for (name,) in found]


def _row(conn: psycopg.Connection, table: str, tenant: UUID) -> dict[str, str]:
    row = {name: sample(kind) for name, kind in conn.execute(_COLUMNS, (table,))}
    return {**row, **_inside_bounds(conn, table), "tenant_id": f"'{tenant}'"}


def _inside_bounds(conn: psycopg.Connection, table: str) -> dict[str, str]:
    """The partition column with the lower bound of a range partition; nothing for other tables."""
    found = conn.execute(
        "SELECT pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(i.inhparent) FROM pg_class c"
        " JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.oid = %s::regclass AND c.relispartition",
        (table,),
    ).fetchone()
    if found is None or found[0] == "DEFAULT":
        return {}
    lower = re.match(r"FOR VALUES FROM \(('[^']+')\)", found[0])
    column = re.fullmatch(r"RANGE \((\w+)\)", found[1])
    if lower is None or column is None:
        raise NotImplementedError(f"{table} is partitioned in a way these checks don't know: {found}")
    return {column[1]: lower[1]}
