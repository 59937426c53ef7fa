"""Scratch databases: made by the ops role from an empty template, used by one drill, always dropped.

A template holds the schema of one revision as the migrations make it, without foreign keys (they are kept as text
and put back over the loaded rows, which really validates them), with triggers off, and with a partition for every
row. A scratch database's name is a fixed prefix, a mark of the product's own database and a random part. The session that made a scratch database holds an advisory lock on
its name; the lock of a killed drill is free, and whoever gets it drops the database.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from app.domains.observability.backups.errors import Broken, OpsRoleMissing
from app.kernel.db import migrate
from app.kernel.ids import new_id

SCRATCH = "hangar_scratch_"
TEMPLATE = "hangar_drill_"
_TEMPLATE_LOCK = 0x48414E44524C
_BUSY_SECONDS = 120.0
# Alembic keeps its context in a module: one run in a process at a time.
_ALEMBIC = threading.Lock()

_MAY = """
SELECT rolsuper OR rolcreatedb, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user
"""
_KEEP_FOREIGN_KEYS = """
CREATE SCHEMA hangar_drill;
CREATE TABLE hangar_drill.foreign_key AS
SELECT conrelid::regclass::text AS table_name, conname::text AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype = 'f' AND conparentid = 0 AND connamespace = 'public'::regnamespace ORDER BY oid;
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT * FROM hangar_drill.foreign_key LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.table_name, found.name);
    END LOOP;
    FOR found IN SELECT oid::regclass AS name FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', found.name);
    END LOOP;
    FOR found IN SELECT c.oid::regclass AS name, c.relname FROM pg_class c
                 JOIN pg_partitioned_table p ON p.partrelid = c.oid
                 WHERE c.relnamespace = 'public'::regnamespace AND p.partdefid = 0
                   AND p.partstrat IN ('r', 'l') LOOP
        EXECUTE format('CREATE TABLE hangar_drill.%I PARTITION OF %s DEFAULT', found.relname, found.name);
    END LOOP;
END
$$
"""
_TRIGGERS_ON = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT oid::regclass AS name FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', found.name);
    END LOOP;
END
$$
"""


def connect(ops_url: str) -> psycopg.Connection:
    """A session of the ops role, in autocommit. Raises `OpsRoleMissing` when there is none, or it may too little."""
    if not ops_url:
        raise OpsRoleMissing("OPS_DATABASE_URL is not set.")
    try:
        conn = psycopg.connect(ops_url, autocommit=True, application_name="hangar-drill")
    except psycopg.OperationalError as error:
        raise OpsRoleMissing("The ops role can't connect.") from error
    conn.execute("SET lock_timeout = 0")
    creates, bypasses = conn.execute(_MAY).fetchone() or (False, False)
    if not (creates and bypasses):
        conn.close()
        raise OpsRoleMissing("The ops role needs CREATEDB and BYPASSRLS.")
    return conn


@contextmanager
def scratch_database(ops_url: str, revision: str, announce: Callable[[str], None]) -> Iterator[str]:
    """The URL of an empty database at `revision`, dropped at the end of the block whatever happens in it.

    `announce` is told its name before it is made. Leftovers of killed drills are dropped first. Raises `Broken`.
    """
    with connect(ops_url) as ops:
        sweep(ops)
        template, _ = _template(ops, ops_url, revision)
        name = _new_name(ops)
        announce(name)
        hold(ops, name)
        try:
            _clone(ops, name, template)
            yield at(ops_url, name)
        finally:
            drop(ops, name)


def sweep(ops: psycopg.Connection) -> list[str]:
    """Drop this product's scratch databases that nobody works with any more; returns their names."""
    dropped = []
    for name in _databases(ops, _mark(ops)):
        got = ops.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
        if got and got[0]:
            drop(ops, name)
            ops.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (name,))
            dropped.append(name)
    return dropped


def drop_old_templates(ops: psycopg.Connection) -> list[str]:
    """Drop templates whose migrations were edited since; those of other releases stay. Returns their names."""
    dropped = []
    for name in _databases(ops, TEMPLATE):
        revision = name.removeprefix(TEMPLATE).rpartition("_")[0]
        if revision in migrate.known_revisions() and name != template_name(revision):
            ops.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            dropped.append(name)
    return dropped


def drop(ops: psycopg.Connection, name: str) -> None:
    """Raises `ValueError` for a database that is not a scratch one."""
    if not name.startswith(SCRATCH):
        raise ValueError(f"{name} is not a scratch database")
    ops.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def hold(ops: psycopg.Connection, name: str) -> None:
    """Say that this session works with the database of that name."""
    ops.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (name,))


def put_foreign_keys_back(conn: psycopg.Connection) -> int:
    """Add every foreign key of the schema over the loaded rows; returns how many. Raises `Broken`."""
    found = conn.execute("SELECT table_name, name, definition FROM hangar_drill.foreign_key").fetchall()
    for table, name, definition in found:
        try:
            conn.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        except psycopg.errors.ForeignKeyViolation as error:
            raise Broken("foreign_key_broken", f"{name}: {error.diag.message_detail or error}") from error
    conn.execute(_TRIGGERS_ON)
    return len(found)


def to_head(scratch_url: str) -> str:
    """Migrate a loaded scratch database to this code's newest revision; returns that."""
    with _ALEMBIC:
        migrate.upgrade(_sqlalchemy(scratch_url))
    return migrate.code_head()


def at(url: str, database: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(database)}"))


def template_name(revision: str) -> str:
    """Named after the revision and after what its migrations say, so that an edited migration is no trap."""
    digest = hashlib.sha256()
    for path in sorted(migrate.SCRIPTS.glob("versions/*.py")):
        if path.name.partition("_")[0] <= revision:
            digest.update(path.read_bytes())
    digest.update(_KEEP_FOREIGN_KEYS.encode())
    return f"{TEMPLATE}{revision}_{digest.hexdigest()[:8]}"


def prepare(ops: psycopg.Connection, ops_url: str) -> list[str]:
    """Make the template of the newest revision before somebody waits for it; its name if it was not there."""
    name, made = _template(ops, ops_url, migrate.code_head())
    return [name] if made else []


def _template(ops: psycopg.Connection, ops_url: str, revision: str) -> tuple[str, bool]:
    """The template's name, and whether it had to be made."""
    if revision not in migrate.known_revisions():
        raise Broken(
            "revision_unknown", f"Revision {revision} belongs to another release; restore with that."
        )
    name = template_name(revision)
    ops.execute("SELECT pg_advisory_lock(%s)", (_TEMPLATE_LOCK,))
    try:
        missing = name not in _databases(ops, TEMPLATE)
        if missing:
            _make_template(ops, ops_url, revision, name)
    finally:
        ops.execute("SELECT pg_advisory_unlock(%s)", (_TEMPLATE_LOCK,))
    return name, missing


def _make_template(ops: psycopg.Connection, ops_url: str, revision: str, name: str) -> None:
    """Under a scratch name until it is whole, so that a killed one is swept and never cloned."""
    half = _new_name(ops)
    hold(ops, half)
    ops.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(half)))
    try:
        with _ALEMBIC:
            migrate.upgrade(_sqlalchemy(at(ops_url, half)), revision)
        with psycopg.connect(at(ops_url, half)) as conn:
            conn.execute(_KEEP_FOREIGN_KEYS)
        _when_unused(lambda: _rename(ops, half, name))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        return  # another product on this server was faster; its template is the same
    finally:
        drop(ops, half)
    ops.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(sql.Identifier(name)))


def _mark(ops: psycopg.Connection) -> str:
    """Advisory locks belong to a database: only what was made from this one may be judged by its locks."""
    return SCRATCH + hashlib.sha256(ops.info.dbname.encode()).hexdigest()[:8] + "_"


def _new_name(ops: psycopg.Connection) -> str:
    return _mark(ops) + new_id().hex


def _rename(ops: psycopg.Connection, half: str, name: str) -> None:
    ops.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(half), sql.Identifier(name)))


def _clone(ops: psycopg.Connection, name: str, template: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    _when_unused(lambda: ops.execute(statement))


def _when_unused(work: Callable[[], object]) -> None:
    """A server process that has ended, or autovacuum, may still be in the database for a moment."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            work()
            return
        except psycopg.errors.ObjectInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _databases(ops: psycopg.Connection, prefix: str) -> list[str]:
    found = ops.execute(
        "SELECT datname::text FROM pg_database WHERE starts_with(datname, %s) AND pg_has_role(datdba, 'USAGE')",
        (prefix,),
    )
    return [name for (name,) in found]


def _sqlalchemy(url: str) -> str:
    return urlunsplit(urlsplit(url)._replace(scheme="postgresql+psycopg"))
