"""The database session a migration runs in: who may migrate, one migrator at a time, and bounded waits.

`row_security = off` turns the silent failure of a plain owner under FORCE (a backfill of 0 rows, a foreign key
validated over an orphan) into an error: PostgreSQL then refuses any statement that a policy would filter.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, NullPool, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from app.kernel.db.rls import APP_ROLE

log = logging.getLogger("hangar.migrate")

SCHEMAS = ("public", "jobs")
LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "60s"
LONG_STATEMENT_TIMEOUT = "4h"  # validations and concurrent indexes: long, and harmless to traffic
MIGRATION_LOCK = 0x48414E474152  # pg_advisory_lock key, "HANGAR"
QUEUE_SECONDS = 900.0
LOCK_RETRIES = 6
LOCK_RETRY_SECONDS = 1.0

SESSION_SETTINGS = (
    f"SET lock_timeout = '{LOCK_TIMEOUT}'",
    f"SET statement_timeout = '{STATEMENT_TIMEOUT}'",
    "SET idle_in_transaction_session_timeout = 0",
    "SET row_security = off",
    "SET search_path = public",
)

_FOREIGN_TABLES = """
SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') AND NOT pg_has_role(c.relowner, 'USAGE')
"""


class MigrationRefusedError(RuntimeError):
    """This database, or this role in it, can't be migrated safely; the message says what to do."""


@contextmanager
def migration_session(
    owner_dsn: str, *, queue_seconds: float = QUEUE_SECONDS, application_name: str = "hangar-migrate"
) -> Iterator[Connection]:
    """A connection of the owner holding the migration lock, with no transaction begun.

    Raises `MigrationRefusedError` when the role may not migrate this database, or another migrator held the lock
    for all of `queue_seconds`.
    """
    url = make_url(owner_dsn).set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool, connect_args={"application_name": application_name})
    with engine.connect() as conn:
        _queue(conn, queue_seconds)
        refuse_unsafe(conn)
        for setting in SESSION_SETTINGS:
            conn.exec_driver_sql(setting)
        conn.commit()
        yield conn
        # The session ends here and the lock with it.


def _queue(conn: Connection, seconds: float) -> None:
    """Wait for the migration lock by asking again: waiting inside one statement would hold a snapshot, and the
    other migrator's CREATE INDEX CONCURRENTLY waits for every snapshot (a deadlock)."""
    deadline = time.monotonic() + seconds
    while not conn.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (MIGRATION_LOCK,)).scalar_one():
        conn.rollback()
        if time.monotonic() > deadline:
            raise MigrationRefusedError(f"another migration has been running for more than {seconds:.0f} s")
        time.sleep(0.1)
    conn.commit()


def refuse_unsafe(conn: Connection) -> None:
    """Raise `MigrationRefusedError` unless this server and role can migrate without losing sight of a row."""
    version, me, is_super, has_app = conn.exec_driver_sql(
        "SELECT current_setting('server_version_num')::int, current_user, rolsuper,"
        " EXISTS (SELECT FROM pg_roles WHERE rolname = %s) FROM pg_roles WHERE rolname = current_user",
        (APP_ROLE,),
    ).one()
    foreign = conn.exec_driver_sql(_FOREIGN_TABLES, (list(SCHEMAS),)).scalar_one()
    conn.rollback()
    if version < 160000:
        raise MigrationRefusedError(f"PostgreSQL 16 or newer is needed, this is {version // 10000}")
    if not has_app:
        raise MigrationRefusedError(f"the role {APP_ROLE} is missing: run app/kernel/db/roles.sql first")
    if me == APP_ROLE:
        raise MigrationRefusedError(f"{APP_ROLE} serves requests and owns nothing: set DATABASE_OWNER_URL")
    if foreign and not is_super:
        raise MigrationRefusedError(
            f"the role {me} does not own every table, so it can't see or change: {foreign}"
        )


def sees_every_row(conn: Connection) -> bool:
    """Whether the current role is a superuser or BYPASSRLS, so that FORCE hides nothing from it."""
    return bool(
        conn.exec_driver_sql(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).scalar_one()
    )


def lost_to_a_lock(error: DBAPIError) -> bool:
    """Whether `error` says only that traffic was in the way: trying again may succeed."""
    return isinstance(error.orig, LockNotAvailable | DeadlockDetected)


def lock_waits(attempts: int = LOCK_RETRIES, seconds: float = LOCK_RETRY_SECONDS) -> Iterator[float]:
    """Pauses between attempts, in seconds: doubling from `seconds`, `attempts - 1` of them."""
    for attempt in range(attempts - 1):
        yield seconds * 2**attempt
