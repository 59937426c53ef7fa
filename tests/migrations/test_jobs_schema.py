"""The job queue's schema as the app role meets it."""

import hashlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from procrastinate.schema import SchemaManager

# Of procrastinate 3.10's schema.sql. When an upgrade changes it: databases in use need the statements of the new
# files in its sql/migrations, as a migration of ours that does nothing where they are already there.
SCHEMA_SHA256 = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"

DEFER = "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('q', %s, 0, NULL, NULL, '{}', NULL)::procrastinate_job_to_defer_v1])"


@pytest.fixture
def app(filled: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(filled.urls.app_url) as conn:
        yield conn
        conn.rollback()


def test_the_installed_procrastinate_brings_the_schema_we_know() -> None:
    assert hashlib.sha256(SchemaManager.get_schema().encode()).hexdigest() == SCHEMA_SHA256


def test_the_app_role_defers_fetches_and_finishes_a_job(app: psycopg.Connection) -> None:
    (ids,) = app.execute(DEFER, ("t",)).fetchone() or (None,)
    assert ids is not None
    worker = app.execute("SELECT worker_id FROM procrastinate_register_worker_v1()").fetchone()
    assert worker is not None
    fetched = app.execute(
        "SELECT id, status FROM procrastinate_fetch_job_v2(ARRAY['q'], %s)", worker
    ).fetchone()
    assert fetched == (ids[0], "doing")
    app.execute("SELECT procrastinate_finish_job_v1(%s, 'succeeded', false)", (ids[0],))
    events = app.execute(
        "SELECT type::text FROM procrastinate_events WHERE job_id = %s ORDER BY id", (ids[0],)
    )
    assert events.fetchall() == [("deferred",), ("started",), ("succeeded",)]


def test_job_functions_work_whatever_the_search_path(app: psycopg.Connection) -> None:
    app.execute("SET LOCAL search_path = pg_catalog")
    found = app.execute(
        "SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[ROW('q', 't', 0, NULL, NULL, '{}', NULL)]"
        "::jobs.procrastinate_job_to_defer_v1[])"
    ).fetchone()
    assert found is not None


def test_every_job_function_is_pinned_to_its_schema_and_closed_to_public(app: psycopg.Connection) -> None:
    found = app.execute(
        "SELECT proname, proconfig, (SELECT count(*) FROM aclexplode(proacl) WHERE grantee = 0)"
        " FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace"
    ).fetchall()
    assert len(found) > 10
    assert [
        name for name, settings, public in found if settings != ["search_path=jobs, pg_temp"] or public
    ] == []


def test_the_app_role_makes_nothing_in_the_job_schema(app: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TABLE jobs.stray ()")
