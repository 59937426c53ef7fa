"""Carrying out inspections, or single checks, from a test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from app.domains.observability.inspections.checks import BY_KEY
from app.domains.observability.inspections.checks.base import AuditPlace, Ground, NotApplicable, Outcome
from app.domains.observability.inspections.run import INSPECT
from app.kernel.db.engine import Database, bind
from app.kernel.events.outbox import PendingEvent, write
from app.kernel.ids import new_id
from app.kernel.security.principal import system
from app.kernel.tx import Origin, ReadTx
from app.platform import identity
from app.settings import Settings
from tests.events.spine import writing
from tests.support.databases import TEMPLATE, Servers, driver
from tests.support.passwords import make_hashes_cheap
from tests.support.server import Server, settings_for
from tests.support.tenants import Tenant

ADDRESS = "/api/observability/security-inspections"


def look_at(
    key: str,
    database: Database,
    tenant_id: UUID,
    settings: Settings,
    *,
    now: datetime | None = None,
    audit_from: AuditPlace | None = None,
) -> Outcome | NotApplicable:
    """What one check finds; unlike an inspection, an exception gets out."""
    with database.connect() as conn, conn.begin():
        principal = system(tenant_id, "inspection")
        bind(conn, tenant_id, principal.actor, read_only=True)
        tx = ReadTx(conn, principal, Origin("test", "test"))
        if now is not None:
            tx.now = now
        return BY_KEY[key].look(Ground(tx, database, settings, audit_from))


def found(key: str, tenant: Tenant, *, now: datetime | None = None, **changes: object) -> Outcome:
    """What a check finds for a tenant of the test server, with some settings changed."""
    settings = settings_for(tenant.server.urls, **changes)
    outcome = look_at(key, tenant.server.database, tenant.id, settings, now=now)
    assert isinstance(outcome, Outcome), outcome
    return outcome


def inspect(tenant: Tenant, **body: Any) -> dict[str, Any]:
    """A whole inspection: asked for over HTTP, carried out here and now, read over HTTP."""
    started = tenant.client.post(f"{ADDRESS}:runs?wait_seconds=0", json=body)
    assert started.status_code == 201, started.text
    run = started.json()
    listed = tenant.client.get(f"/api/operations?subject=inspection:{run['id']}").json()
    args = {"operation_id": listed[0]["id"], "run_id": run["id"]}
    INSPECT.job.perform(tenant.server.database, tenant.id, "job:test", args)
    answer = tenant.client.get(f"{ADDRESS}/runs/{run['id']}")
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


def item(run: dict[str, Any], key: str) -> dict[str, Any]:
    (one,) = [one for one in run["items"] if one["check_key"] == key]
    assert isinstance(one, dict)
    return one


@dataclass(frozen=True)
class Scratch:
    """A migrated database of its own, with one tenant, looked at as the role that serves."""

    urls: Servers
    database: Database
    tenant_id: UUID

    def spoil(self, *statements: str) -> None:
        with psycopg.connect(self.urls.superuser_url, autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement)

    def found(self, key: str, **changes: object) -> Outcome:
        outcome = look_at(key, self.database, self.tenant_id, settings_for(self.urls, **changes))
        assert isinstance(outcome, Outcome), outcome
        return outcome


@contextmanager
def scratch(pg: Servers) -> Iterator[Scratch]:
    make_hashes_cheap()
    name = f"inspected_{uuid4().hex[:12]}"
    urls = pg.create_database(name, TEMPLATE)
    database = Database(driver(urls.app_url), size=3, timeout=5)
    try:
        made = identity.create_tenant_with_admin(
            database, name="inspected", username="admin", password="a-long-test-password"
        )
        yield Scratch(urls, database, made.tenant_id)
    finally:
        database.dispose()
        pg.drop_database(name)


def log(tenant: Tenant, event_type: str, *, ago: timedelta = timedelta(), times: int = 1) -> None:
    """Events as they stand in the log, without the module that emits them."""
    at = datetime.now(UTC) - ago
    events = [
        PendingEvent(
            id=new_id(),
            type=event_type,
            at=at,
            actor="system:test",
            subject=f"tenant:{tenant.id}",
            related=[],
            correlation_id="test",
            causation_id=None,
            request_id="test",
            payload={},
            before=None,
            after=None,
        )
        for _ in range(times)
    ]
    with writing(tenant.server.database, tenant.id) as tx:
        write(tx.conn, tenant.id, events)


def alerts_of(server: Server, tenant: Tenant) -> list[tuple[str, str, str]]:
    """The tenant's security alerts: (key, status, message), oldest first."""
    with psycopg.connect(server.urls.superuser_url) as conn:
        return [
            (key, status, message)
            for key, status, message in conn.execute(
                "SELECT key, status, message FROM alert WHERE tenant_id = %s AND source = 'SECURITY'"
                " ORDER BY created_at, id",
                (tenant.id,),
            )
        ]
