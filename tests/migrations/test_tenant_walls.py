"""What the app role can do to every tenant table in raw SQL, whatever the application code says."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from tests.migrations.catalog import GLOBAL_TABLES, TENANT_ANCHOR, tenant_tables
from tests.migrations.rows import TENANTS, Filled, insert

_FOREIGN_KEYS = """
SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
       array_agg(a.attname ORDER BY pair.place), array_agg(b.attname ORDER BY pair.place)
FROM pg_constraint k
CROSS JOIN unnest(k.conkey, k.confkey) WITH ORDINALITY AS pair(here, there, place)
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here
JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there
WHERE k.contype = 'f' AND k.conrelid = ANY (%s::text[]::regclass[]) AND k.conparentid = 0
GROUP BY k.oid ORDER BY 1
"""


@pytest.fixture
def app(filled: Filled) -> Iterator[psycopg.Connection]:
    with psycopg.connect(filled.urls.app_url) as conn:
        yield conn
        conn.rollback()


@pytest.fixture
def superuser(filled: Filled) -> Iterator[psycopg.Connection]:
    with psycopg.connect(filled.urls.superuser_url) as conn:
        yield conn
        conn.rollback()


def may(conn: psycopg.Connection, table: str, privilege: str) -> bool:
    row = conn.execute("SELECT has_table_privilege('hangar_app', %s, %s)", (table, privilege)).fetchone()
    return bool(row and row[0])


def count(conn: psycopg.Connection, table: str, where: str = "true") -> int:
    row = conn.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
    assert row is not None
    return int(row[0])


def bind(conn: psycopg.Connection, tenant: object) -> None:
    conn.execute("SELECT set_config('app.tenant_id', %s, true)", (str(tenant),))


def test_every_tenant_table_has_rows_of_both_tenants(filled: Filled, superuser: psycopg.Connection) -> None:
    assert filled.tables == sorted(tenant_tables(superuser))
    assert len(filled.tables) >= 9
    for table in filled.tables:
        for tenant in TENANTS:
            assert count(superuser, table, f"tenant_id = '{tenant}'") >= 1, table


def test_without_a_tenant_the_app_role_reads_no_row(filled: Filled, app: psycopg.Connection) -> None:
    readable = [table for table in filled.tables if may(app, table, "SELECT")]
    assert len(readable) >= 9
    assert {table: count(app, table) for table in readable} == dict.fromkeys(readable, 0)


def test_with_a_tenant_the_app_role_reads_that_tenants_rows_only(
    filled: Filled, app: psycopg.Connection
) -> None:
    own, other = TENANTS
    bind(app, own)
    for table in filled.tables:
        if may(app, table, "SELECT"):
            assert count(app, table) >= 1, table
            assert count(app, table, f"tenant_id = '{other}'") == 0, table


@pytest.mark.parametrize("bound", ["", "019c1de0-0000-7000-8000-000000000000"])
def test_the_app_role_inserts_into_no_other_tenant(
    filled: Filled, app: psycopg.Connection, bound: str
) -> None:
    for table in filled.tables:
        if may(app, table, "INSERT"):
            bind(app, bound)
            with pytest.raises(errors.InsufficientPrivilege, match="row-level security"), app.transaction():
                insert(app, table, filled.rows[table, TENANTS[0]])


def test_the_app_role_changes_and_deletes_nothing_of_another_tenant(
    filled: Filled, app: psycopg.Connection
) -> None:
    own, other = TENANTS
    bind(app, own)
    for table in filled.tables:
        with app.transaction(force_rollback=True):
            if may(app, table, "UPDATE"):
                found = app.execute(f"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = '{other}'")
                assert found.rowcount == 0, table
            if may(app, table, "DELETE"):
                assert app.execute(f"DELETE FROM {table} WHERE tenant_id = '{other}'").rowcount == 0, table


def test_no_foreign_key_accepts_a_row_of_another_tenant(
    filled: Filled, superuser: psycopg.Connection
) -> None:
    """As superuser: neither policies nor triggers help here, only the key itself."""
    own, other = TENANTS
    found = superuser.execute(_FOREIGN_KEYS, (tenant_tables(superuser),)).fetchall()
    tried = 0
    for name, table, parent, here, there in found:
        if parent in GLOBAL_TABLES:
            assert (parent, here, there) == (TENANT_ANCHOR, ["tenant_id"], ["id"]), name
            continue
        theirs = filled.rows[parent, other]
        values = {a: theirs[b] for a, b in zip(here, there, strict=True) if a != "tenant_id"}
        assert values, name
        assignments = ", ".join(f"{column} = {value}" for column, value in values.items())
        with pytest.raises(errors.ForeignKeyViolation) as caught, superuser.transaction():
            superuser.execute(f"UPDATE {table} SET {assignments} WHERE tenant_id = '{own}'")
        assert caught.value.diag.constraint_name == name
        tried += 1
    assert tried >= 5


def test_global_tables_are_read_only_or_closed_to_the_app_role(app: psycopg.Connection) -> None:
    for table in ("alembic_version",):
        assert may(app, table, "SELECT")
        for privilege in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
            assert not may(app, table, privilege), (table, privilege)


def test_the_app_role_can_not_lift_the_wall(filled: Filled, app: psycopg.Connection) -> None:
    """Each of these must fail: the app role owns nothing and is a member of nothing."""
    table = sql.Identifier(filled.tables[0])
    for attempt in (
        "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_floor ON {}",
        "CREATE POLICY open ON {} TO hangar_app USING (true)",
        "TRUNCATE {}",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "SET ROLE hangar_owner",
        "SET SESSION AUTHORIZATION hangar_owner",
        "SET session_replication_role = replica",
        "CREATE TABLE public.own_table ()",
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ):
        with pytest.raises(errors.InsufficientPrivilege), app.transaction():
            app.execute(sql.SQL(attempt).format(table))
    app.execute("SET LOCAL row_security = off")
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"), app.transaction():
        app.execute(sql.SQL("SELECT * FROM {}").format(table))
