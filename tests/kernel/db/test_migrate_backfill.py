"""Backfills commit in batches, resume, and count: a backfill that quietly did nothing is the failure to fear."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from app.kernel.db import migrate as m
from tests.migrations.databases import FOUNDATION, operations, plain_owner, throwaway
from tests.support.waiting import somebody_waits, wait_until

ROWS = 25
SET_CODE = (
    "UPDATE item SET code = 'i-' || item.name FROM page"
    " WHERE item.tenant_id = page.tenant_id AND item.id = page.id"
)
TODO = "code IS NULL"


def make_items(owner_url: str) -> None:
    with operations(owner_url) as conn:
        m.create_tenant_table("item", sa.Column("name", sa.Text()), sa.Column("code", sa.Text()))
        m.create_tenant_table("history", sa.Column("item_id", sa.Uuid()))
        conn.exec_driver_sql("ALTER TABLE item NO FORCE ROW LEVEL SECURITY")
        for tenant in (uuid4(), uuid4()):
            conn.exec_driver_sql(
                f"INSERT INTO item SELECT %s, gen_random_uuid(), n FROM generate_series(1, {ROWS}) AS n",
                (tenant,),
            )
        conn.exec_driver_sql("ALTER TABLE item FORCE ROW LEVEL SECURITY")


@pytest.fixture
def items(database: Any) -> Any:
    make_items(database.owner_url)
    return database


@pytest.fixture
def owner(items: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(items.owner_url, autocommit=True) as conn:
        yield conn


def test_every_row_of_every_tenant_is_changed_once(items: Any, owner: psycopg.Connection) -> None:
    with operations(items.owner_url):
        assert m.backfill("item", SET_CODE, where=TODO, batch=7) == 2 * ROWS
        assert m.backfill("item", SET_CODE, where=TODO, batch=7) == 0
        m.expect_none("item", TODO)
    assert owner.execute("SELECT count(*) FROM item WHERE code = 'i-' || name").fetchone() == (2 * ROWS,)


def test_batches_that_were_done_stay_and_the_next_run_goes_on(items: Any, owner: psycopg.Connection) -> None:
    owner.execute("ALTER TABLE item ADD CONSTRAINT stop CHECK (code <> 'i-20') NOT VALID")
    with pytest.raises(sa.exc.IntegrityError), operations(items.owner_url):
        m.backfill("item", SET_CODE, where=TODO, batch=1)
    done = owner.execute("SELECT count(*), min(xmin::text) FROM item WHERE code IS NOT NULL").fetchone()
    assert done is not None
    assert 0 <= done[0] < 2 * ROWS
    owner.execute("ALTER TABLE item DROP CONSTRAINT stop")
    with operations(items.owner_url):
        assert m.backfill("item", SET_CODE, where=TODO, batch=1) == 2 * ROWS - done[0]


def test_each_batch_is_a_transaction_of_its_own(items: Any, owner: psycopg.Connection) -> None:
    with operations(items.owner_url):
        m.backfill("item", SET_CODE, where=TODO, batch=10)
    sizes = owner.execute("SELECT count(*) FROM item GROUP BY xmin::text ORDER BY 1").fetchall()
    assert sizes == [(10,)] * (2 * ROWS // 10)


def test_a_statement_that_misses_rows_is_an_error(items: Any) -> None:
    with pytest.raises(m.BackfillError, match="read 10 rows and changed"), operations(items.owner_url):
        m.backfill("item", f"{SET_CODE} AND item.name::int % 2 = 0", where=TODO, batch=10)


def test_a_statement_that_never_finishes_is_an_error(items: Any) -> None:
    touch = SET_CODE.replace("code = 'i-' ||", "name =")
    with (
        pytest.raises(m.BackfillError, match=f"{2 * ROWS} rows of item still match"),
        operations(items.owner_url),
    ):
        m.backfill("item", touch, where=TODO)


def test_rows_can_be_derived_into_another_table(items: Any, owner: psycopg.Connection) -> None:
    with operations(items.owner_url):
        changed = m.backfill(
            "item",
            "INSERT INTO history SELECT tenant_id, gen_random_uuid(), id FROM page",
            where="NOT EXISTS (SELECT FROM history h WHERE h.tenant_id = item.tenant_id AND h.item_id = item.id)",
            touches=["history"],
        )
    assert changed == 2 * ROWS
    assert owner.execute("SELECT count(DISTINCT item_id) FROM history").fetchone() == (2 * ROWS,)


def test_what_a_writer_commits_while_the_batch_waits_is_seen_whole(
    items: Any, owner: psycopg.Connection
) -> None:
    """The writer renames one row and does the backfill's work for another; both are locked when the batch begins."""
    wanted = (
        "INSERT INTO history SELECT item.tenant_id, gen_random_uuid(), item.id FROM page"
        " JOIN item USING (tenant_id, id) WHERE item.name <> 'stale'"
    )
    todo = "NOT EXISTS (SELECT FROM history h WHERE h.tenant_id = item.tenant_id AND h.item_id = item.id)"
    owner.execute("UPDATE item SET name = 'stale' WHERE name = '3'")

    def run() -> int:
        with operations(items.owner_url):
            return m.backfill("item", wanted, where=todo, touches=["history"])

    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(items.owner_url) as writer,
    ):
        writer.execute("UPDATE item SET name = 'fresh' WHERE name = 'stale'")
        writer.execute("UPDATE item SET name = 'told' WHERE name = '4'")
        writer.execute(
            "INSERT INTO history SELECT tenant_id, gen_random_uuid(), id FROM item WHERE name = 'told'"
        )
        running = pool.submit(run)
        wait_until(lambda: running.done() or somebody_waits(owner, "%FOR NO KEY UPDATE%"))
        assert not running.done()
        writer.commit()
        assert running.result(timeout=60) == 2 * ROWS - 2
    told = owner.execute("SELECT count(*), count(DISTINCT item_id) FROM history").fetchone()
    assert told == (2 * ROWS, 2 * ROWS)


def test_a_statement_that_ignores_its_page_is_refused(items: Any) -> None:
    with operations(items.owner_url), pytest.raises(ValueError, match="page"):
        m.backfill("item", "UPDATE item SET code = name", where=TODO)


def test_rows_left_are_counted_and_refused(items: Any) -> None:
    with pytest.raises(m.BackfillError, match=f"{2 * ROWS} rows of item match"), operations(items.owner_url):
        m.expect_none("item", TODO)


def test_a_plain_owner_backfills_every_row_and_leaves_force_on(pg: Any) -> None:
    with throwaway(pg) as urls, plain_owner(urls) as url:
        m.upgrade(url, FOUNDATION)
        make_items(url)
        with psycopg.connect(url, autocommit=True) as conn:
            # Without the helper, FORCE hides every row from this owner and nothing says so.
            assert conn.execute("UPDATE item SET code = 'lost'").rowcount == 0
            with operations(url):
                assert m.backfill("item", SET_CODE, where=TODO, batch=20) == 2 * ROWS
                m.expect_none("item", TODO)
            assert conn.execute(
                "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'item'"
            ).fetchone() == (True,)
            with conn.transaction():
                conn.execute("ALTER TABLE item NO FORCE ROW LEVEL SECURITY")
                assert conn.execute("SELECT count(*) FROM item WHERE code LIKE 'i-%'").fetchone() == (
                    2 * ROWS,
                )
                conn.execute("ALTER TABLE item FORCE ROW LEVEL SECURITY")
