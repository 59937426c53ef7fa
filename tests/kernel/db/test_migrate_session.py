"""Running migrations: who may, one at a time, and what happens when traffic holds a lock."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from app.kernel.db import migrate as m
from app.kernel.db.migrate_session import MIGRATION_LOCK, lock_waits, migration_session
from tests.migrations.databases import FOUNDATION, plain_owner, throwaway

VERSION_FILE = """
import sqlalchemy as sa
from app.kernel.db import migrate as m

revision = "{revision}"
down_revision = {down!r}
phase = "expand"


def upgrade():
    {body}


def downgrade():
    raise NotImplementedError
"""


@pytest.fixture
def write_versions(tmp_path: Path) -> Callable[..., Config]:
    """Make a migration history, each of SQL or of calls to `m.…`; returns Alembic's configuration for it."""

    def write(owner_url: str, *scripts: str, **attributes: object) -> Config:
        down = None
        for number, script in enumerate(scripts):
            body = script if script.startswith("m.") else f"m.run_script({script!r})"
            revision = f"99990101000{number}"
            text = VERSION_FILE.format(revision=revision, down=down, body=body)
            (tmp_path / f"{revision}_x_expand.py").write_text(text)
            down = revision
        cfg = m.config(owner_url, **attributes)
        cfg.set_main_option("version_locations", str(tmp_path))
        cfg.set_main_option("path_separator", "newline")
        return cfg

    return write


@pytest.fixture
def empty(pg: Any) -> Iterator[Any]:
    with throwaway(pg) as urls:
        yield urls


def engine(url: str) -> sa.Engine:
    return sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)


def wait_until(conn: psycopg.Connection, condition: str) -> None:
    """Poll the server until `condition` holds; the test's own timeout is the bound."""
    while not (row := conn.execute(f"SELECT {condition}").fetchone()) or not row[0]:
        conn.execute("SELECT pg_sleep(0.01)")


def test_heads_are_known_before_and_after(empty: Any) -> None:
    with engine(empty.app_url).connect() as conn:
        assert m.current_heads(conn)[0] is None
    m.upgrade(empty.owner_url, FOUNDATION)
    with engine(empty.app_url).connect() as conn:
        found, code = m.current_heads(conn)
    assert found == FOUNDATION
    assert code >= FOUNDATION
    m.downgrade(empty.owner_url, "base")
    with psycopg.connect(empty.owner_url) as conn:
        assert conn.execute("SELECT to_regnamespace('jobs')").fetchone() == (None,)


def test_the_app_role_may_not_migrate(empty: Any) -> None:
    with pytest.raises(m.MigrationRefusedError, match="DATABASE_OWNER_URL"):
        m.upgrade(empty.app_url)


def test_a_role_that_does_not_own_the_tables_may_not_migrate(pg: Any, foundation: str) -> None:
    refused = pytest.raises(m.MigrationRefusedError, match=r"does not own every table.*procrastinate_jobs")
    with throwaway(pg, template=foundation) as urls, plain_owner(urls) as url, refused:
        m.upgrade(url)


def test_a_second_migrator_waits_for_the_first_without_a_snapshot(
    empty: Any, write_versions: Callable[..., Config]
) -> None:
    cfg = write_versions(empty.owner_url, "CREATE TABLE made_once ()")
    with psycopg.connect(empty.owner_url, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        second = threading.Thread(target=command.upgrade, args=(cfg, "head"))
        second.start()
        waiting = "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hangar-migrate')"
        wait_until(holder, waiting)
        assert holder.execute("SELECT to_regclass('made_once')").fetchone() == (None,)
        # A waiter with a snapshot would make this wait for ever.
        holder.execute("CREATE TABLE busy (a int)")
        holder.execute("CREATE INDEX CONCURRENTLY ON busy (a)")
        holder.execute("SELECT pg_advisory_unlock(%s)", (MIGRATION_LOCK,))
        second.join()
        assert holder.execute("SELECT to_regclass('made_once')::text").fetchone() == ("made_once",)


def test_a_migrator_does_not_queue_for_ever(empty: Any) -> None:
    with psycopg.connect(empty.owner_url, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        with (
            pytest.raises(m.MigrationRefusedError, match="another migration"),
            migration_session(empty.owner_url, queue_seconds=0),
        ):
            pytest.fail("the lock was taken twice")


def test_a_lock_held_by_traffic_is_tried_again_and_nothing_is_done_twice(
    empty: Any, write_versions: Callable[..., Config]
) -> None:
    cfg = write_versions(
        empty.owner_url,
        "CREATE TABLE busy (a int)",
        "ALTER TABLE busy ADD COLUMN b int",
        "SET LOCAL lock_timeout = '50ms'; ALTER TABLE busy ADD COLUMN c int",
        lock_retries=50,
        lock_retry_seconds=0.01,
    )
    command.upgrade(cfg, "999901010001")
    with (
        psycopg.connect(empty.owner_url) as reader,
        psycopg.connect(empty.owner_url, autocommit=True) as watcher,
    ):
        reader.execute("SELECT * FROM busy")
        thread = threading.Thread(target=command.upgrade, args=(cfg, "head"))
        thread.start()
        wait_until(watcher, "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'busy'::regclass)")
        wait_until(
            watcher, "NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'busy'::regclass)"
        )
        reader.rollback()
        thread.join()
        assert watcher.execute("SELECT * FROM alembic_version").fetchone() == ("999901010002",)
        columns = "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'busy'::regclass AND attnum > 0"
        assert watcher.execute(columns).fetchone() == ("a,b,c",)


def test_a_lock_held_for_too_long_ends_the_run_at_the_last_whole_step(
    empty: Any, write_versions: Callable[..., Config]
) -> None:
    cfg = write_versions(
        empty.owner_url,
        "CREATE TABLE busy (a int)",
        "CREATE TABLE other (a int)",
        "CREATE TABLE half_done (); SET LOCAL lock_timeout = '10ms'; ALTER TABLE busy ADD COLUMN b int",
        lock_retries=2,
        lock_retry_seconds=0.01,
    )
    command.upgrade(cfg, "999901010000")
    with psycopg.connect(empty.owner_url) as reader:
        reader.execute("SELECT * FROM busy")
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            command.upgrade(cfg, "head")
        assert reader.execute("SELECT * FROM alembic_version").fetchone() == ("999901010001",)
        assert reader.execute("SELECT to_regclass('half_done')").fetchone() == (None,)


def test_other_errors_are_not_tried_again(empty: Any, write_versions: Callable[..., Config]) -> None:
    cfg = write_versions(
        empty.owner_url, "CREATE SEQUENCE attempts", "SELECT nextval('attempts'); SELECT 1 / 0"
    )
    with pytest.raises(sa.exc.DataError, match="division"):
        command.upgrade(cfg, "head")
    with psycopg.connect(empty.owner_url) as conn:
        assert conn.execute("SELECT last_value, is_called FROM attempts").fetchone() == (1, True)


def test_waits_double_and_end() -> None:
    assert list(lock_waits(4, 0.5)) == [0.5, 1.0, 2.0]


def test_a_triplet_goes_on_where_it_was_interrupted(
    empty: Any, write_versions: Callable[..., Config]
) -> None:
    tenant = "00000000-0000-7000-8000-000000000000"
    page = "FROM page WHERE unit.tenant_id = page.tenant_id AND unit.id = page.id"
    cfg = write_versions(
        empty.owner_url,
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "m.create_tenant_table('unit', sa.Column('code', sa.Text()))",
        f"INSERT INTO unit SELECT '{tenant}', gen_random_uuid(), n FROM generate_series(1, 30) AS n",
        "m.add_column('unit', sa.Column('label', sa.Text()))",
        f"m.backfill('unit', \"UPDATE unit SET label = 'u' || code {page}\", where='label IS NULL', batch=4)",
        "m.add_check_not_valid('unit', 'ck_unit_label', 'label IS NOT NULL');"
        " m.set_not_null('unit', 'label');"
        " m.add_unique('unit', 'uq_unit_label', ['tenant_id', 'label']);"
        " m.validate_constraint('unit', 'ck_unit_label')",
    )
    command.upgrade(cfg, "999901010004")
    with psycopg.connect(empty.owner_url, autocommit=True) as conn:
        # One duplicate stops the last file half way: NOT NULL is committed, the unique index is left INVALID.
        conn.execute(f"INSERT INTO unit VALUES ('{tenant}', gen_random_uuid(), 'x', 'u1')")
        with pytest.raises(sa.exc.IntegrityError):
            command.upgrade(cfg, "head")
        assert conn.execute("SELECT * FROM alembic_version").fetchone() == ("999901010004",)
        assert conn.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'uq_unit_label'::regclass"
        ).fetchone() == (False,)
        conn.execute("DELETE FROM unit WHERE code = 'x'")
        command.upgrade(cfg, "head")
        found = conn.execute(
            "SELECT array_agg(conname ORDER BY conname), bool_and(convalidated) FROM pg_constraint"
            " WHERE conrelid = 'unit'::regclass AND contype IN ('c', 'u', 'p')"
        ).fetchone()
        assert found == (["ck_unit_label", "pk_unit", "uq_unit_label"], True)
        assert conn.execute("SELECT count(DISTINCT label) FROM unit").fetchone() == (30,)
