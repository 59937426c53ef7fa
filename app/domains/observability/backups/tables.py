"""What a tenant's backup consists of, asked of the live catalogue, and one table as a stream of COPY rows.

A table is always read in the order of its primary key and with pinned output settings, so that the SHA-256 of the
stream depends on the rows alone: not on where they lie, nor on which server they lie.
"""

from collections.abc import Iterator, Sequence
from typing import Literal
from uuid import UUID

import psycopg
from psycopg import sql
from pydantic import BaseModel, ConfigDict

from app.domains.observability.backups.errors import Broken

KeyKind = Literal["number", "text", "plain"]

# The tenant's own row is the one row of a global table that belongs to it.
OWN_ROW = {"tenant": "id"}
OUTPUT_SETTINGS = (
    "SELECT set_config('datestyle', 'ISO', true), set_config('intervalstyle', 'postgres', true),"
    " set_config('timezone', 'UTC', true), set_config('extra_float_digits', '1', true),"
    " set_config('bytea_output', 'hex', true), set_config('client_encoding', 'UTF8', true),"
    " set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)"
)

_SHAPES = """
SELECT c.relname::text, c.relrowsecurity AND c.relforcerowsecurity,
       has_table_privilege(c.oid, 'SELECT'),
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
       (SELECT array_agg(ARRAY[a.attname::text, t.typname::text] ORDER BY k.place)
          FROM pg_index i
          CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(number, place)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
          JOIN pg_type t ON t.oid = a.atttypid
         WHERE i.indrelid = c.oid AND i.indisprimary)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND (c.relname = ANY (%s) OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid
                                       AND a.attname = 'tenant_id' AND NOT a.attisdropped))
ORDER BY c.relname
"""
_KINDS: dict[str, KeyKind] = {
    "int2": "number",
    "int4": "number",
    "int8": "number",
    "text": "text",
    "varchar": "text",
    "uuid": "plain",
    "timestamptz": "plain",
    "date": "plain",
    "bool": "plain",
}


class KeyColumn(BaseModel):
    """`kind` says how two values compare: as numbers, as bytes, or as bytes that PostgreSQL orders alike."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: KeyKind


class Shape(BaseModel):
    """One table: `columns` in the order of the stream, the key's first; `owner` is the column of the tenant."""

    model_config = ConfigDict(frozen=True)

    name: str
    owner: str
    key: tuple[KeyColumn, ...]
    columns: tuple[str, ...]


def shapes(conn: psycopg.Connection) -> list[Shape]:
    """Every table that holds rows of tenants, partitioned ones by their parent, in order of name.

    Raises `Broken` for a table that can't be backed up whole: unreadable, without row security, without a key.
    """
    found = conn.execute(_SHAPES, (list(OWN_ROW),)).fetchall()
    return [_shape(*row) for row in found]


def _shape(
    name: str, secured: bool, readable: bool, columns: list[str], key: list[list[str]] | None
) -> Shape:
    owner = OWN_ROW.get(name, "tenant_id")
    if not readable:
        raise Broken("table_unreadable", f"The app role may not read {name}.")
    if not secured and name not in OWN_ROW:
        raise Broken("table_unsecured", f"{name} is not behind row security.")
    kinds = [(column, _KINDS.get(kind)) for column, kind in key or [] if column != "tenant_id"]
    if key is None or any(kind is None for _, kind in kinds):
        raise Broken("table_without_order", f"{name} has no primary key that rows can be put in order by.")
    parts = tuple(KeyColumn(name=column, kind=kind) for column, kind in kinds if kind is not None)
    names = [part.name for part in parts]
    rest = [column for column in columns if column not in names]
    return Shape(name=name, owner=owner, key=parts, columns=(*names, *rest))


def read_rows(conn: psycopg.Connection, shape: Shape, tenant_id: UUID | None) -> Iterator[bytes]:
    """The rows in COPY's text format, one line each, in the order of the key; of every tenant when None is named."""
    condition = (
        sql.SQL("")
        if tenant_id is None
        else sql.SQL("WHERE {} = {}").format(sql.Identifier(shape.owner), sql.Literal(tenant_id))
    )
    statement = sql.SQL("COPY (SELECT {} FROM public.{} {} {}) TO STDOUT").format(
        copy_names(shape.columns), sql.Identifier(shape.name), condition, _order(shape)
    )
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in copy:
            yield bytes(row)


def write_rows(conn: psycopg.Connection, shape: Shape, blocks: Iterator[bytes]) -> None:
    """COPY lines into the table. The role must pass row security."""
    statement = sql.SQL("COPY public.{} ({}) FROM STDIN").format(
        sql.Identifier(shape.name), copy_names(shape.columns)
    )
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks:
            copy.write(block)


def copy_names(columns: Sequence[str]) -> sql.Composed:
    """A list of columns, quoted."""
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)


def _order(shape: Shape) -> sql.Composable:
    if not shape.key:
        return sql.SQL("")
    parts = (
        sql.SQL("{} COLLATE {}" if part.kind == "text" else "{}").format(
            sql.Identifier(part.name), *([sql.Identifier("C")] if part.kind == "text" else [])
        )
        for part in shape.key
    )
    return sql.SQL("ORDER BY {}").format(sql.SQL(", ").join(parts))
