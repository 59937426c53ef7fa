"""How a migration's statements reach the server: verbatim, seeing every row, and committed step by step.

Every function here works in Alembic's offline mode (`--sql`) too, which squawk reads.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from alembic import op
from sqlalchemy import Connection

from app.kernel.db.migrate_session import (
    LOCK_TIMEOUT,
    LONG_STATEMENT_TIMEOUT,
    STATEMENT_TIMEOUT,
    MigrationRefusedError,
    sees_every_row,
)
from app.kernel.db.rls import checked_name

_CREATED = "hangar_created_in_xact"


def offline() -> bool:
    """Whether Alembic writes SQL instead of running it."""
    return bool(op.get_context().as_sql)


def run_script(sql: str) -> None:
    """Run SQL exactly as written: `%` and `:` mean themselves, and several statements may follow each other."""
    if offline():
        op.get_context().impl.static_output(sql.rstrip().removesuffix(";") + ";")
    else:
        op.get_bind().exec_driver_sql(sql, execution_options={"no_parameters": True})


def run_all(statements: Sequence[str]) -> None:
    for statement in statements:
        run_script(statement)


def note_creation(what: str) -> None:
    """Remember that this transaction made `what`, which a second run of the same migration would meet again."""
    if not offline():
        xact = op.get_bind().exec_driver_sql("SELECT pg_current_xact_id()::text").scalar_one()
        op.get_context().opts[_CREATED] = (xact, what)


@contextmanager
def committed_steps() -> Iterator[None]:
    """Commit what this migration did so far; each statement (or `step()`) inside commits on its own.

    Raises `MigrationRefusedError` after a table was created in the same migration: were a later step to fail, the
    next run would stumble over that table. New tables and long steps belong in files of their own.
    """
    if not offline():
        xact = op.get_bind().exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar_one()
        noted, what = op.get_context().opts.get(_CREATED, (None, ""))
        if xact is not None and noted == xact:
            raise MigrationRefusedError(
                f"{what} was created in this migration: put the step that commits in the next"
            )
    with op.get_context().autocommit_block():
        yield


@contextmanager
def step(*, seeing: Sequence[str] = ()) -> Iterator[None]:
    """One transaction inside `committed_steps`, in which no row of the tables `seeing` is hidden."""
    if offline():
        yield
        return
    with _driver(op.get_bind()).transaction(), every_row_of(*seeing):
        yield


@contextmanager
def every_row_of(*tables: str) -> Iterator[None]:
    """Let a plain owner see every row: NO FORCE on `tables`, and FORCE again in the same transaction.

    Nothing happens for a superuser or BYPASSRLS. NO FORCE locks the table against everybody until the
    transaction ends, so this is the slow path of servers that grant no BYPASSRLS.
    """
    if offline() or not tables or sees_every_row(op.get_bind()):
        yield
        return
    forced = [name for name in map(checked_name, tables) if _is_forced(name)]
    before = _xact()
    run_all([f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY" for name in forced])
    yield
    run_all([f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY" for name in forced])
    if forced and before != _xact():
        raise MigrationRefusedError(
            "a commit in between left tables without FORCE ROW LEVEL SECURITY: " + ", ".join(forced)
        )


@contextmanager
def long_statements() -> Iterator[None]:
    """Room for statements that are long but hold no lock against reads or writes (inside `committed_steps`)."""
    run_script(f"SET statement_timeout = '{LONG_STATEMENT_TIMEOUT}'")
    run_script("SET lock_timeout = '10min'")
    try:
        yield
    finally:
        run_script(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
        run_script(f"SET lock_timeout = '{LOCK_TIMEOUT}'")


def _driver(conn: Connection) -> psycopg.Connection:
    driver = conn.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"migrations run on psycopg, not {type(driver).__name__}")
    return driver


def _is_forced(table: str) -> bool:
    return bool(
        op.get_bind()
        .exec_driver_sql("SELECT relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", (table,))
        .scalar_one()
    )


def _xact() -> str:
    return str(op.get_bind().exec_driver_sql("SELECT pg_current_xact_id()::text").scalar_one())
