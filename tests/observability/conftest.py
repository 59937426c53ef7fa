"""Signals as they lie in the table."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.tenants import Tenant

_ROWS = """
SELECT s.*, r.labels FROM signal s
LEFT JOIN signal_series r ON r.tenant_id = s.tenant_id AND r.id = s.series_id
WHERE s.tenant_id = %s ORDER BY signal_name, numeric_value, s.id
"""


@pytest.fixture
def rows(tenant: Tenant) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """`rows()`: the tenant's signals with their series' labels, read past row security."""
    with psycopg.connect(tenant.server.urls.superuser_url, autocommit=True) as admin:

        def read() -> list[dict[str, Any]]:
            with admin.cursor(row_factory=dict_row) as cursor:
                return cursor.execute(_ROWS, (tenant.id,)).fetchall()

        yield read
