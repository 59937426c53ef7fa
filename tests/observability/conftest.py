"""Transactions of the tenant for tests that need another clock, or two hands at once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from app.kernel.db.engine import bind
from app.kernel.security.principal import system
from app.kernel.tx import Origin, WriteTx
from tests.support.server import Server
from tests.support.tenants import Tenant

_ROWS = """
SELECT s.*, r.labels FROM signal s
LEFT JOIN signal_series r ON r.tenant_id = s.tenant_id AND r.id = s.series_id
WHERE s.tenant_id = %s ORDER BY signal_name, numeric_value, s.id
"""

Working = Callable[..., AbstractContextManager[WriteTx]]


@pytest.fixture
def working(server: Server, tenant: Tenant) -> Working:
    """`with working(now) as tx:` is one committed transaction of a job of the tenant, at `now` or the present."""

    @contextmanager
    def begin(now: datetime | None = None) -> Iterator[WriteTx]:
        principal = system(tenant.id, "test")
        with server.database.connect() as conn, conn.begin():
            bind(conn, tenant.id, principal.actor)
            tx = WriteTx(conn, principal, Origin("test", "test"))
            if now is not None:
                tx.now = now
            yield tx
            tx.finish()

    return begin


@pytest.fixture
def raw(server: Server) -> Iterator[psycopg.Connection]:
    """A superuser's connection in autocommit: sees every tenant, for looking and for moving rows in time."""
    with psycopg.connect(server.urls.superuser_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def rows(tenant: Tenant) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """`rows()`: the tenant's signals with their series' labels, read past row security."""
    with psycopg.connect(tenant.server.urls.superuser_url, autocommit=True) as admin:

        def read() -> list[dict[str, Any]]:
            with admin.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(_ROWS, (tenant.id,)).fetchall()

        yield read
