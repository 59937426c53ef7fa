"""Below the routes: the tables themselves, read and written raw as the app role; jobs; the stream."""

import json
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select

from app.kernel.clock import now
from app.kernel.ids import new_id
from app.kernel.jobs.engine import Job, enqueue
from app.kernel.tx import Origin, WriteTx
from app.platform.identity.models import User
from tests.isolation.conftest import tenant_tables
from tests.isolation.factories import RESOURCES, make
from tests.support.server import Server
from tests.support.tenants import Tenant

BIND = "SELECT set_config('app.tenant_id', %s, false)"


@pytest.fixture(scope="module")
def furnished(ours: Tenant, theirs: Tenant) -> None:
    for parameter in RESOURCES:
        make(parameter, ours)
        make(parameter, theirs)


def count(conn: psycopg.Connection[Any], table: str, condition: str = "true") -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE " + condition).format(sql.Identifier(table))
    (found,) = conn.execute(query).fetchone() or (0,)
    return int(found)


@pytest.mark.usefixtures("furnished")
def test_without_a_tenant_every_table_is_empty(server: Server) -> None:
    filled = set()
    with (
        psycopg.connect(server.urls.app_url, autocommit=True) as app,
        psycopg.connect(server.urls.superuser_url, autocommit=True) as admin,
    ):
        for table in tenant_tables():
            assert count(app, table) == 0, table
            if count(admin, table):
                filled.add(table)
        app.execute(BIND, ("",))
        assert all(count(app, table) == 0 for table in tenant_tables())
    assert len(filled) >= 18, f"only these tables had rows to hide: {sorted(filled)}"


@pytest.mark.usefixtures("furnished")
def test_a_tenant_reads_its_own_rows_and_no_others(server: Server, ours: Tenant, theirs: Tenant) -> None:
    with psycopg.connect(server.urls.app_url, autocommit=True) as app:
        for tenant in (ours, theirs):
            app.execute(BIND, (str(tenant.id),))
            for table in tenant_tables():
                assert count(app, table, f"tenant_id <> '{tenant.id}'") == 0, table


def test_a_row_can_not_be_written_into_another_tenant(server: Server, ours: Tenant, theirs: Tenant) -> None:
    statement = (
        "INSERT INTO identity_role (tenant_id, id, name, permissions, created_at, updated_at)"
        " VALUES (%s, %s, 'planted', '{*}', now(), now())"
    )
    with psycopg.connect(server.urls.app_url, autocommit=True) as app:
        app.execute(BIND, (str(ours.id),))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(statement, (theirs.id, uuid4()))
        changed = app.execute("UPDATE identity_user SET is_active = false WHERE id = %s", (theirs.admin_id,))
        gone = app.execute("DELETE FROM identity_user WHERE id = %s", (theirs.admin_id,))
    assert (changed.rowcount, gone.rowcount) == (0, 0)


BINDING = """
INSERT INTO identity_user_role (tenant_id, user_id, role_id, created_at)
VALUES (%(tenant)s, %(admin)s, %(foreign)s, now())
"""
SESSION = """
INSERT INTO identity_session (tenant_id, id, user_id, kind, expires_at, created_at)
VALUES (%(tenant)s, gen_random_uuid(), %(foreign)s, 'token', now(), now())
"""


@pytest.mark.parametrize(("statement", "parameter"), [(BINDING, "role_id"), (SESSION, "user_id")])
def test_a_foreign_key_can_not_point_across_tenants(
    server: Server, ours: Tenant, theirs: Tenant, statement: str, parameter: str
) -> None:
    names = {"tenant": ours.id, "admin": ours.admin_id, "foreign": make(parameter, theirs)}
    with psycopg.connect(server.urls.app_url, autocommit=True) as app:
        app.execute(BIND, (str(ours.id),))
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            app.execute(statement, names)


def test_a_pooled_connection_forgets_its_tenant(server: Server, ours: Tenant) -> None:
    """The same connection, one transaction bound and the next one not."""
    runtime = server.runtime
    with runtime.database.connect() as conn:
        with conn.begin():
            runtime.principals.open(conn, runtime.principals.identify(ours.token), read_only=False)
            assert conn.execute(select(func.count()).select_from(User)).scalar_one() > 0
        with conn.begin():
            assert conn.execute(select(func.count()).select_from(User)).scalar_one() == 0


def test_a_job_carries_its_tenant_and_sees_no_other(server: Server, ours: Tenant, theirs: Tenant) -> None:
    seen: dict[UUID, set[UUID]] = {}

    def look(tx: WriteTx, wanted: str) -> None:
        assert tx.first(select(User.id).where(User.id == UUID(wanted))) is None
        seen[tx.tenant_id] = {row.tenant_id for row in tx.all(select(User.tenant_id))}

    job = Job("test.look", run=look)
    names = {ours.id: str(theirs.admin_id), theirs.id: str(ours.admin_id)}
    queued = {tenant.id: _enqueue(tenant, job, names[tenant.id]) for tenant in (ours, theirs)}
    with psycopg.connect(server.urls.superuser_url, autocommit=True) as admin:
        for tenant_id, job_id in queued.items():
            query = "SELECT args FROM jobs.procrastinate_jobs WHERE id = %s"
            (args,) = admin.execute(query, (job_id,)).fetchone() or ({},)
            assert args.pop("tenant_id") == str(tenant_id)
            job.perform(server.database, tenant_id, f"job:{job_id}", args)
            admin.execute("DELETE FROM jobs.procrastinate_jobs WHERE id = %s", (job_id,))
    assert seen == {ours.id: {ours.id}, theirs.id: {theirs.id}}


def _enqueue(tenant: Tenant, job: Job, wanted: str) -> int:
    runtime = tenant.server.runtime
    with runtime.database.connect() as conn, conn.begin():
        principal = runtime.principals.open(conn, runtime.principals.identify(tenant.token), read_only=False)
        tx = WriteTx(conn, principal, Origin("test", str(new_id())), now=now())
        job_id = enqueue(tx, job, wanted=wanted)
        tx.finish()
    assert job_id is not None
    return job_id


def test_a_stream_carries_its_tenants_events_only(server: Server, ours: Tenant, theirs: Tenant) -> None:
    from app.kernel.relay import seal
    from app.registry import OUTLETS

    for number in range(3):
        for tenant in (theirs, ours):
            tenant.post("/api/identity/roles", name=f"stream-{number}-{uuid4().hex[:6]}")
    last = ours.post("/api/identity/roles", name=f"last-{uuid4().hex[:6]}")
    for tenant in (theirs, ours):
        while seal(server.database, tenant.id, OUTLETS).count:
            pass
    foreign = {event["id"] for event in theirs.client.get("/api/events", params={"limit": 1000}).json()}
    assert len(foreign) >= 3
    received: list[dict[str, Any]] = []
    with ours.client.stream("GET", "/api/events/stream", params={"since_seq": 0}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                received.append(json.loads(line.removeprefix("data: ")))
                if received[-1]["subject"] == f"role:{last['id']}":
                    break
    assert len(received) >= 4
    assert not {event["id"] for event in received} & foreign
    assert not [event for event in received if str(theirs.id) in json.dumps(event)]
