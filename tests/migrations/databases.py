"""Throwaway databases on the test server, and operations run in one outside any version file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from psycopg import sql
from sqlalchemy import Connection, make_url

from app.kernel.db.base import Base
from app.kernel.db.migrate_session import migration_session

FOUNDATION = "202602010001"


@contextmanager
def throwaway(pg: Any, template: str | None = None) -> Iterator[Any]:
    """A database of its own, dropped at the end; yields its URLs."""
    name = f"t_{uuid4().hex[:16]}"
    try:
        yield pg.create_database(name, template)
    finally:
        pg.drop_database(name)


def name_of(urls: Any) -> str:
    """The database that URLs name, to clone it."""
    return str(make_url(urls.owner_url).database)


@contextmanager
def plain_owner(urls: Any) -> Iterator[str]:
    """The URL of a role that owns the (empty) database `urls` and has no BYPASSRLS: what FORCE binds."""
    name, password = f"plain_{uuid4().hex[:12]}", uuid4().hex
    with psycopg.connect(urls.superuser_url, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{password}'")
        conn.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
                sql.Identifier(conn.info.dbname), sql.Identifier(name)
            )
        )
    url = make_url(urls.owner_url).set(username=name, password=password)
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        with psycopg.connect(urls.superuser_url, autocommit=True) as conn:
            conn.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
            conn.execute(f"DROP OWNED BY {name}")
            conn.execute(f"DROP ROLE {name}")


@contextmanager
def operations(owner_url: str) -> Iterator[Connection]:
    """Run migration operations as a version file would: its session, its transaction, the `op` proxy."""
    with migration_session(owner_url) as conn:
        context = MigrationContext.configure(
            conn, opts={"transaction_per_migration": True, "target_metadata": Base.metadata}
        )
        with context.begin_transaction(_per_migration=True), Operations.context(context):
            yield conn
