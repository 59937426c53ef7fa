"""Two tenants for the whole module: every request makes what it needs, and only new rows tell them apart."""

import hashlib
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from app.kernel.db.base import Base
from app.platform.webhooks.config import configure
from tests.support.server import Server
from tests.support.tenants import Tenant, make_tenant


@pytest.fixture(scope="module", autouse=True)
def _configured(server: Server) -> None:
    """Webhook endpoints at a closed loopback port may be made; nothing here delivers to them."""
    configure(server.settings)


@pytest.fixture(scope="module")
def ours(server: Server) -> Iterator[Tenant]:
    made = make_tenant(server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def theirs(server: Server) -> Iterator[Tenant]:
    made = make_tenant(server)
    yield made
    made.close()


def tenant_tables() -> list[str]:
    """Every table of tenants' rows that a model declares."""
    return sorted(table.name for table in Base.metadata.tables.values() if "tenant_id" in table.columns)


@pytest.fixture
def footprint(server: Server) -> Iterator[Callable[[Tenant], dict[str, str]]]:
    """`footprint(tenant)`: a digest of all its rows, table by table, read past row security."""
    with psycopg.connect(server.urls.superuser_url, autocommit=True) as admin:

        def read(tenant: Tenant) -> dict[str, str]:
            found = {}
            for table in tenant_tables():
                query = sql.SQL("SELECT t::text FROM {} t WHERE tenant_id = %s ORDER BY 1").format(
                    sql.Identifier(table)
                )
                rows = admin.execute(query, (tenant.id,)).fetchall()
                found[table] = f"{len(rows)}:{hashlib.sha256(repr(rows).encode()).hexdigest()}"
            return found

        yield read
