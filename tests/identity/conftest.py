"""What the identity tests share: a server in the production profile, and the events of a tenant."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.db.engine import bind
from app.kernel.events.models import EventRow
from tests.support.databases import Servers
from tests.support.server import Server, settings_for
from tests.support.tenants import Tenant

OPERATOR = "operator-token-operator-token-operator"


@pytest.fixture(scope="session")
def production(urls: Servers) -> Iterator[Server]:
    settings = settings_for(
        urls,
        profile="production",
        secret_key="a-production-secret-of-our-own-0123456789",
        bootstrap_token=OPERATOR,
        egress_allow_private=False,
    )
    with Server(settings, urls) as running:
        yield running


@pytest.fixture
def events(server: Server) -> Callable[..., list[Any]]:
    """`events(tenant, prefix)`: its stored events whose type starts with `prefix`, oldest first."""

    def read(tenant: Tenant, prefix: str = "identity.") -> list[Any]:
        with server.database.connect() as conn, conn.begin():
            bind(conn, tenant.id, "test", read_only=True)
            wanted = select(
                EventRow.type,
                EventRow.actor,
                EventRow.subject,
                EventRow.payload,
                EventRow.before,
                EventRow.after,
            )
            rows = conn.execute(wanted.order_by(EventRow.xid, EventRow.id)).all()
        return [row for row in rows if row.type.startswith(prefix)]

    return read
