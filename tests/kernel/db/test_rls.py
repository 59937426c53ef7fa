"""Row security of one tenant table, seen as each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from app.kernel.db import migrate as m
from app.kernel.db import rls
from tests.migrations.databases import operations

A, B = uuid4(), uuid4()


@pytest.fixture
def widgets(database: Any) -> Any:
    """`widget` with one row of each tenant, and the insert-only `entry` likewise."""
    with operations(database.owner_url) as conn:
        m.create_tenant_table(
            "widget", sa.Column("size", sa.Numeric()), sa.Index("ix_w", "tenant_id", "size")
        )
        m.create_tenant_table("entry", sa.Column("note", sa.Text()), insert_only=True)
        for tenant in (A, B):
            conn.exec_driver_sql("INSERT INTO widget VALUES (%s, %s, 1)", (tenant, uuid4()))
            conn.exec_driver_sql("INSERT INTO entry VALUES (%s, %s, 'x')", (tenant, uuid4()))
    return database


@contextmanager
def as_tenant(url: str, tenant: UUID | None) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url) as conn:
        if tenant is not None:
            conn.execute("SELECT set_config('app.tenant_id', %s, true)", (str(tenant),))
        yield conn


def tenants(conn: psycopg.Connection, table: str = "widget") -> set[UUID]:
    return {row[0] for row in conn.execute(f"SELECT tenant_id FROM {table}")}


def test_the_app_role_sees_its_tenant_only(widgets: Any) -> None:
    with as_tenant(widgets.app_url, A) as conn:
        assert tenants(conn) == {A}
        assert tenants(conn, "entry") == {A}
    with as_tenant(widgets.app_url, None) as conn:
        assert tenants(conn) == set()


def test_a_transaction_after_a_bound_one_sees_nothing_and_raises_nothing(widgets: Any) -> None:
    with psycopg.connect(widgets.app_url, autocommit=True) as conn:
        with conn.transaction():
            conn.execute("SELECT set_config('app.tenant_id', %s, true)", (str(A),))
            assert tenants(conn) == {A}
        assert conn.execute("SELECT current_setting('app.tenant_id', true)").fetchone() == ("",)
        assert tenants(conn) == set()


@pytest.mark.parametrize("bound", [B, None])
def test_a_row_of_another_tenant_is_refused(widgets: Any, bound: UUID | None) -> None:
    with (
        as_tenant(widgets.app_url, bound) as conn,
        pytest.raises(errors.InsufficientPrivilege, match="row-level"),
    ):
        conn.execute("INSERT INTO widget VALUES (%s, %s, 2)", (A, uuid4()))


def test_a_row_can_not_be_moved_to_another_tenant(widgets: Any) -> None:
    with (
        as_tenant(widgets.app_url, A) as conn,
        pytest.raises(errors.InsufficientPrivilege, match="row-level"),
    ):
        conn.execute("UPDATE widget SET tenant_id = %s", (B,))


def test_changes_reach_only_the_bound_tenant(widgets: Any) -> None:
    with as_tenant(widgets.app_url, A) as conn:
        assert conn.execute("UPDATE widget SET size = 3").rowcount == 1
        assert conn.execute("DELETE FROM widget").rowcount == 1
    with psycopg.connect(widgets.owner_url) as conn:
        assert tenants(conn) == {B}


def test_a_permissive_policy_added_later_widens_nothing(widgets: Any) -> None:
    with psycopg.connect(widgets.owner_url) as conn:
        conn.execute("CREATE POLICY careless ON widget TO hangar_app USING (true) WITH CHECK (true)")
    with as_tenant(widgets.app_url, A) as conn:
        assert tenants(conn) == {A}
    with as_tenant(widgets.app_url, None) as conn:
        assert tenants(conn) == set()


def test_owner_and_ops_bypass_the_floor(widgets: Any) -> None:
    with psycopg.connect(widgets.owner_url) as conn:
        assert tenants(conn) == {A, B}


def test_a_role_without_grants_reads_nothing(widgets: Any) -> None:
    with (
        psycopg.connect(widgets.ops_url) as conn,
        pytest.raises(errors.InsufficientPrivilege, match="permission denied"),
    ):
        tenants(conn)


@pytest.mark.parametrize("change", ["UPDATE entry SET note = 'y'", "DELETE FROM entry", "TRUNCATE entry"])
def test_an_insert_only_table_refuses_change_even_to_its_owner(widgets: Any, change: str) -> None:
    with (
        psycopg.connect(widgets.owner_url) as conn,
        pytest.raises(errors.FeatureNotSupported, match="insert-only"),
    ):
        conn.execute(change)
    with as_tenant(widgets.app_url, A) as conn, pytest.raises(errors.InsufficientPrivilege):
        conn.execute(change)


def test_an_insert_only_table_takes_inserts(widgets: Any) -> None:
    with as_tenant(widgets.app_url, A) as conn:
        conn.execute("INSERT INTO entry VALUES (%s, %s, 'z')", (A, uuid4()))
        assert conn.execute("SELECT count(*) FROM entry").fetchone() == (2,)


def test_the_tenant_is_read_once_per_statement(widgets: Any) -> None:
    with as_tenant(widgets.app_url, A) as conn:
        conn.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in conn.execute("EXPLAIN (COSTS off) SELECT * FROM widget"))
    assert "Index Cond: (tenant_id = (InitPlan" in plan


def test_a_partition_named_directly_has_the_same_wall(database: Any) -> None:
    with operations(database.owner_url) as conn:
        m.create_tenant_table(
            "sample",
            sa.Column("at", sa.DateTime(timezone=True), nullable=False),
            key=("at", "id"),
            partition_by="RANGE (at)",
            insert_only=True,
        )
        bounds = "FOR VALUES FROM ('2026-02-01Z') TO ('2026-03-01Z')"
        m.create_partition("sample", "sample_2026_02", bounds, insert_only=True)
        for tenant in (A, B):
            conn.exec_driver_sql(
                "INSERT INTO sample (tenant_id, id, at) VALUES (%s, %s, '2026-02-03Z')", (tenant, uuid4())
            )
    for table in ("sample", "sample_2026_02"):
        with as_tenant(database.app_url, A) as app:
            assert tenants(app, table) == {A}
        with as_tenant(database.app_url, None) as app:
            assert tenants(app, table) == set()
        with psycopg.connect(database.owner_url) as owner, pytest.raises(errors.FeatureNotSupported):
            owner.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("name", ["", "a b", "a;b", 'a"b', "A", "a.b.c", "1a"])
def test_only_plain_names_are_put_into_statements(name: str) -> None:
    for write in (rls.tenant_rls, rls.insert_only):
        with pytest.raises(ValueError, match="plain table name"):
            write(name)
