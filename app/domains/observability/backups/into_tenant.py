"""Restoring a backup into a new tenant: the same rows under another tenant's id, written as the app role.

Primary keys begin with the tenant, so ids stay what they were. Left out is what belongs to the old tenant alone
(its record of events, its credentials but for passwords, its webhooks, operations and backups) and telemetry.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import sql

from app.domains.observability.backups.artefact import Artefact, TableEntry, table_blocks
from app.domains.observability.backups.errors import Broken
from app.domains.observability.backups.making import schema_revision
from app.domains.observability.backups.tables import OUTPUT_SETTINGS, Shape, copy_names

LEFT_OUT = frozenset(
    {
        "backup_run",
        "event",
        "event_head",
        "event_ref",
        "event_seal",
        "idempotency_key",
        "identity_api_key",
        "identity_refresh_token",
        "identity_session",
        "operation",
        "restore_drill",
        "webhook_attempt",
        "webhook_delivery",
        "webhook_endpoint",
        "webhook_secret",
    }
)
_PARTITIONED = (
    "SELECT relname::text FROM pg_class WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace"
)
_REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace AND conrelid <> confrelid
"""
Edges = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Filled:
    rows: int
    tables: int
    left_out: list[str]


def fill(
    conn: psycopg.Connection, chain: list[Artefact], tenant_id: UUID, name: str, tell: Callable[[str], None]
) -> Filled:
    """Make the tenant `name` and give it the rows of the chain's newest artefact; in the caller's transaction.

    The connection is bound to `tenant_id`. Raises `Broken`: another schema, a name that is taken, rows refused.
    """
    conn.execute(OUTPUT_SETTINGS)
    manifest = chain[-1].manifest
    if schema_revision(conn) != manifest.schema_revision:
        raise Broken("revision_differs", f"The backup is of revision {manifest.schema_revision}.")
    edges: list[tuple[str, str]] = [(a, b) for a, b in conn.execute(_REFERENCES)]
    without = LEFT_OUT | {table for (table,) in conn.execute(_PARTITIONED)}
    left_out = _with_dependents(without, edges)
    wanted = {each.shape.name: each for each in manifest.tables if each.shape.name not in left_out}
    rows = 0
    for table in in_dependency_order(sorted(wanted), edges):
        tell(table)
        rows += _fill_table(conn, chain, wanted[table], tenant_id, name)
    return Filled(rows=rows, tables=len(wanted), left_out=sorted(left_out & set(chain[-1].tables)))


def in_dependency_order(tables: Sequence[str], edges: Edges) -> Iterator[str]:
    """What is referenced before what references it. Raises `ValueError` for a circle."""
    waiting = {table: {b for a, b in edges if a == table and b in tables} for table in tables}
    while waiting:
        free = [table for table, needs in waiting.items() if not needs & waiting.keys()]
        if not free:
            raise ValueError(f"these tables reference each other in a circle: {', '.join(waiting)}")
        for table in free:
            del waiting[table]
            yield table


def _with_dependents(tables: frozenset[str], edges: Edges) -> set[str]:
    found = set(tables)
    while more := {a for a, b in edges if b in found} - found:
        found |= more
    return found


def _fill_table(
    conn: psycopg.Connection, chain: list[Artefact], entry: TableEntry, tenant_id: UUID, name: str
) -> int:
    if entry.rows == 0:
        return 0
    shape = entry.shape
    new = {shape.owner: tenant_id} | ({"name": name} if shape.name == "tenant" else {})
    try:
        return _load(conn, shape, table_blocks(chain, shape.name), new)
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name == "uq_tenant_name":
            raise Broken("tenant_name_taken", "A tenant of this name exists.") from error
        raise Broken("rows_refused", f"{shape.name}: {error.diag.message_primary}") from error
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise Broken("rows_refused", f"{shape.name}: {error.diag.message_primary or error}") from error


def _load(conn: psycopg.Connection, shape: Shape, blocks: Iterator[bytes], new: Mapping[str, object]) -> int:
    """COPY is refused under row security, so rows go through a temporary table."""
    table, names = sql.Identifier(shape.name), copy_names(shape.columns)
    staging = sql.SQL("pg_temp.{}").format(sql.Identifier(f"load_{shape.name}"))
    values = sql.SQL(", ").join(
        sql.Literal(new[column]) if column in new else sql.Identifier(column) for column in shape.columns
    )
    conn.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} AS SELECT {} FROM public.{} WITH NO DATA").format(
            sql.Identifier(f"load_{shape.name}"), names, table
        )
    )
    with (
        conn.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(staging, names)) as copy,
    ):
        for block in blocks:
            copy.write(block)
    written = conn.execute(
        sql.SQL("INSERT INTO public.{} ({}) SELECT {} FROM {}").format(table, names, values, staging)
    ).rowcount
    conn.execute(sql.SQL("DROP TABLE {}").format(staging))
    return written
