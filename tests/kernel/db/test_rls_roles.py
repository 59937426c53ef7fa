"""What roles.sql makes of a server: attributes, settings, and the marks that let an operator use an index."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

import app.kernel.db
from app.kernel.db import migrate as m
from app.kernel.embedded.binaries import postgres_programs
from tests.migrations.databases import operations, throwaway

ROLES_SQL = Path(app.kernel.db.__path__[0]) / "roles.sql"


def run_roles(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [postgres_programs(None) / "psql", "-X", *options, "-d", url, "-f", ROLES_SQL]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_app_role_is_no_superuser_and_passes_no_wall(pg: Any) -> None:
    with psycopg.connect(pg.superuser_url) as conn:
        found = conn.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
            " WHERE rolname IN ('hangar_owner', 'hangar_app', 'hangar_ops') ORDER BY 1"
        ).fetchall()
    assert found == [
        ("hangar_app", False, False, False, False),
        ("hangar_ops", False, True, True, False),
        ("hangar_owner", False, True, False, False),
    ]


def test_app_sessions_have_bounded_waits_and_find_the_job_schema(pg: Any) -> None:
    names = (
        "search_path",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "timezone",
    )
    with psycopg.connect(pg.app_url) as conn:
        found = [conn.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names]
    assert found == [("public, jobs",), ("15s",), ("4s",), ("15s",), ("UTC",)]


def test_the_script_can_be_run_again_and_takes_the_database(pg: Any) -> None:
    with throwaway(pg) as urls:
        for _ in range(2):
            done = run_roles(urls.superuser_url, "-v", "take_database=yes")
            assert done.returncode == 0, done.stderr
        with psycopg.connect(urls.superuser_url) as conn:
            assert conn.execute(
                "SELECT datdba::regrole::text FROM pg_database WHERE datname = current_database()"
            ).fetchone() == ("hangar_owner",)
            assert conn.execute(
                "SELECT has_database_privilege('hangar_app', current_database(), 'TEMPORARY'),"
                " has_schema_privilege('hangar_app', 'public', 'CREATE'),"
                " has_database_privilege('hangar_app', current_database(), 'CREATE')"
            ).fetchone() == (True, False, False)


def test_two_runs_at_once_wait_for_each_other(pg: Any) -> None:
    with throwaway(pg) as urls, ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: run_roles(urls.superuser_url), range(8)))
    assert [run.stderr for run in runs if run.returncode] == []


def test_the_script_refuses_an_app_role_that_can_become_the_owner(pg: Any) -> None:
    with throwaway(pg) as urls:
        done = run_roles(urls.superuser_url, "--single-transaction", "-c", "GRANT hangar_owner TO hangar_app")
    assert done.returncode != 0
    assert "must not be a member of a role that sees every tenant" in done.stderr


@pytest.mark.parametrize(
    ("column", "condition"),
    [
        ("numeric", "value BETWEEN 5 AND 6"),
        ("timestamptz", "tstzrange(value, value, '[]') && tstzrange(now(), now(), '[]')"),
    ],
)
def test_marked_operators_reach_an_index_under_row_security(
    pg: Any, foundation: str, column: str, condition: str
) -> None:
    with throwaway(pg, template=foundation) as urls:
        assert run_roles(urls.superuser_url).returncode == 0
        with operations(urls.owner_url):
            m.create_tenant_table(
                "reading",
                sa.Column("value", sa.Numeric() if column == "numeric" else sa.DateTime(timezone=True)),
            )
            expression = "value" if column == "numeric" else "tstzrange(value, value, '[]')"
            method = "btree" if column == "numeric" else "gist"
            m.run_script(f"CREATE INDEX ix_reading ON reading USING {method} (tenant_id, ({expression}))")
        with psycopg.connect(urls.app_url) as app:
            app.execute("SET LOCAL enable_seqscan = off")
            app.execute("SELECT set_config('app.tenant_id', %s, true)", (str(uuid4()),))
            plan = app.execute(f"EXPLAIN (COSTS off) SELECT 1 FROM reading WHERE {condition}").fetchall()
    text = "\n".join(row[0] for row in plan)
    index_condition = next(line for line in text.splitlines() if "Index Cond" in line)
    assert "value" in index_condition, text
