"""Each operation on a table with rows: what it leaves, that it may be run again, and what it refuses."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from app.kernel.db import migrate as m
from tests.migrations.databases import FOUNDATION, operations, plain_owner, throwaway

TENANT = uuid4()


@pytest.fixture
def items(database: Any) -> Any:
    make_items(database.owner_url)
    return database


def make_items(owner_url: str) -> None:
    with operations(owner_url) as conn:
        m.create_tenant_table("kind")
        m.create_tenant_table("item", sa.Column("code", sa.Text()), sa.Column("kind_id", sa.Uuid()))
        conn.exec_driver_sql("ALTER TABLE item NO FORCE ROW LEVEL SECURITY")
        conn.exec_driver_sql("INSERT INTO item (tenant_id, id, code) VALUES (%s, %s, 'a')", (TENANT, uuid4()))
        conn.exec_driver_sql("ALTER TABLE item FORCE ROW LEVEL SECURITY")


@pytest.fixture
def owner(items: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(items.owner_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def plain(pg: Any) -> Iterator[str]:
    """The same tables, migrated and owned by a role that FORCE binds."""
    with throwaway(pg) as urls, plain_owner(urls) as url:
        m.upgrade(url, FOUNDATION)
        make_items(url)
        yield url


def constraint(conn: psycopg.Connection, name: str) -> tuple[str, bool] | None:
    found = conn.execute(
        "SELECT pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conname = %s", (name,)
    ).fetchone()
    return None if found is None else (found[0], found[1])


def add_orphan(conn: psycopg.Connection, kind: UUID) -> None:
    conn.execute("ALTER TABLE item NO FORCE ROW LEVEL SECURITY")
    conn.execute("UPDATE item SET kind_id = %s", (kind,))
    conn.execute("ALTER TABLE item FORCE ROW LEVEL SECURITY")


def test_a_column_the_previous_release_could_not_fill_is_refused(items: Any) -> None:
    with operations(items.owner_url):
        with pytest.raises(ValueError, match="nullable"):
            m.add_column("item", sa.Column("size", sa.Integer(), nullable=False))
        m.add_column("item", sa.Column("size", sa.Integer(), nullable=False, server_default="1"))
        m.add_column("item", sa.Column("note", sa.Text()))


def test_an_index_is_built_once_and_an_invalid_one_is_replaced(items: Any, owner: psycopg.Connection) -> None:
    owner.execute("INSERT INTO item (tenant_id, id, code) VALUES (%s, %s, 'a')", (TENANT, uuid4()))
    with pytest.raises(errors.UniqueViolation):
        owner.execute("CREATE UNIQUE INDEX CONCURRENTLY ix_item_code ON item (tenant_id, code)")
    invalid = "SELECT oid, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = 'ix_item_code'"
    broken = owner.execute(invalid).fetchone()
    assert broken is not None
    assert broken[1] is False

    for _ in range(2):
        with operations(items.owner_url):
            m.add_index_concurrently(
                "item", "ix_item_code", ["tenant_id", "code"], where="code <> ''", include=["kind_id"]
            )
    definition = owner.execute("SELECT pg_get_indexdef('ix_item_code'::regclass)").fetchone()
    assert definition is not None
    assert definition[0].endswith("(tenant_id, code) INCLUDE (kind_id) WHERE (code <> ''::text)")
    found = owner.execute(invalid).fetchone()
    assert found is not None
    assert found[1] is True

    with operations(items.owner_url):
        m.drop_index_concurrently("ix_item_code")
        m.drop_index_concurrently("ix_item_code")
    assert owner.execute(invalid).fetchone() is None


def test_a_foreign_key_is_enforced_first_and_validated_later(items: Any, owner: psycopg.Connection) -> None:
    orphan = uuid4()
    add_orphan(owner, orphan)
    for _ in range(2):
        with operations(items.owner_url):
            m.add_foreign_key_not_valid(
                "item", "fk_item_kind", "kind_id", "kind", ondelete="SET NULL (kind_id)"
            )
    assert constraint(owner, "fk_item_kind") == (
        "FOREIGN KEY (tenant_id, kind_id) REFERENCES kind(tenant_id, id) ON DELETE SET NULL (kind_id) NOT VALID",
        False,
    )
    with pytest.raises(errors.ForeignKeyViolation):
        owner.execute(
            "INSERT INTO item (tenant_id, id, kind_id) VALUES (%s, %s, %s)", (TENANT, uuid4(), orphan)
        )
    with pytest.raises(sa.exc.IntegrityError), operations(items.owner_url):
        m.validate_constraint("item", "fk_item_kind")
    owner.execute("INSERT INTO kind VALUES (%s, %s)", (TENANT, orphan))
    with operations(items.owner_url):
        m.validate_constraint("item", "fk_item_kind")
    found = constraint(owner, "fk_item_kind")
    assert found is not None
    assert found[1] is True


def test_a_plain_owner_does_not_validate_over_an_orphan(plain: str) -> None:
    with psycopg.connect(plain, autocommit=True) as conn:
        add_orphan(conn, uuid4())
        with operations(plain):
            m.add_foreign_key_not_valid("item", "fk_item_kind", "kind_id", "kind")
        # What FORCE does to a plain owner who validates without the helper: the orphan passes.
        with conn.transaction(force_rollback=True):
            conn.execute("ALTER TABLE item VALIDATE CONSTRAINT fk_item_kind")
        with pytest.raises(sa.exc.IntegrityError), operations(plain):
            m.validate_constraint("item", "fk_item_kind")
        assert conn.execute(
            "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname IN ('item', 'kind')"
        ).fetchone() == (True,)


def test_a_plain_owner_gets_an_error_where_a_policy_would_hide_rows(plain: str) -> None:
    with operations(plain) as conn, pytest.raises(sa.exc.ProgrammingError, match="row-level security"):
        conn.exec_driver_sql("UPDATE item SET code = 'b'")


def test_a_check_is_enforced_first_and_validated_later(items: Any, owner: psycopg.Connection) -> None:
    for _ in range(2):
        with operations(items.owner_url):
            m.add_check_not_valid("item", "ck_item_code", "code <> 'a'")
    with pytest.raises(errors.CheckViolation):
        owner.execute("INSERT INTO item (tenant_id, id, code) VALUES (%s, %s, 'a')", (TENANT, uuid4()))
    with pytest.raises(sa.exc.IntegrityError), operations(items.owner_url):
        m.validate_constraint("item", "ck_item_code")
    owner.execute("UPDATE item SET code = 'b'")
    with operations(items.owner_url):
        m.validate_constraint("item", "ck_item_code")
    assert constraint(owner, "ck_item_code") == ("CHECK ((code <> 'a'::text))", True)
    with operations(items.owner_url):
        m.drop_constraint("item", "ck_item_code")
    assert constraint(owner, "ck_item_code") is None


def test_not_null_is_refused_while_a_null_is_left_and_can_be_run_again(
    items: Any, owner: psycopg.Connection
) -> None:
    with pytest.raises(sa.exc.IntegrityError), operations(items.owner_url):
        m.set_not_null("item", "kind_id")
    owner.execute("UPDATE item SET kind_id = %s", (uuid4(),))
    for _ in range(2):
        with operations(items.owner_url):
            m.set_not_null("item", "kind_id")
    with pytest.raises(errors.NotNullViolation):
        owner.execute("UPDATE item SET kind_id = NULL")
    assert constraint(owner, "ck_item_kind_id_not_null") is None


def test_a_unique_constraint_comes_from_a_concurrent_index(items: Any, owner: psycopg.Connection) -> None:
    for _ in range(2):
        with operations(items.owner_url):
            m.add_unique("item", "uq_item_code", ["tenant_id", "code"])
    assert constraint(owner, "uq_item_code") == ("UNIQUE (tenant_id, code)", True)


def test_an_exclusion_constraint_keeps_periods_apart(items: Any, owner: psycopg.Connection) -> None:
    with operations(items.owner_url):
        m.add_column("item", sa.Column("since", sa.DateTime(timezone=True)))
        m.add_column("item", sa.Column("until", sa.DateTime(timezone=True)))
    with operations(items.owner_url):
        m.add_exclusion(
            "item",
            "ex_item",
            "tenant_id WITH =",
            "code WITH =",
            "tstzrange(since, until) WITH &&",
            where="code <> ''",
        )
    insert = "INSERT INTO item (tenant_id, id, code, since, until) VALUES (%s, %s, 'x', '2026-01-01Z', '2026-01-09Z')"
    owner.execute(insert, (TENANT, uuid4()))
    with pytest.raises(errors.ExclusionViolation):
        owner.execute(insert, (TENANT, uuid4()))


def test_a_step_that_commits_is_refused_after_a_new_table(items: Any) -> None:
    with operations(items.owner_url):
        m.create_tenant_table("fresh")
        with pytest.raises(m.MigrationRefusedError, match="fresh"):
            m.set_not_null("item", "code")


def test_session_limits_are_back_after_a_long_step(items: Any) -> None:
    with operations(items.owner_url) as conn:
        m.add_index_concurrently("item", "ix_item_kind", ["tenant_id", "kind_id"])
        assert conn.exec_driver_sql("SHOW lock_timeout").scalar_one() == "4s"
        assert conn.exec_driver_sql("SHOW statement_timeout").scalar_one() == "1min"
        assert conn.exec_driver_sql("SHOW row_security").scalar_one() == "off"
