"""One database at head for the checks that only read, and one filled with rows of two tenants."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from app.kernel.db import migrate as m
from tests.migrations.databases import name_of, throwaway
from tests.migrations.rows import Filled, fill


@pytest.fixture(scope="session")
def at_head(pg: Any) -> Iterator[Any]:
    with throwaway(pg) as urls:
        m.upgrade(urls.owner_url)
        yield urls


@pytest.fixture
def catalog(at_head: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(at_head.superuser_url) as conn:
        yield conn
        conn.rollback()


@pytest.fixture(scope="session")
def filled(pg: Any, at_head: Any) -> Iterator[Filled]:
    """Two tenants with one row in every tenant table."""
    with throwaway(pg, template=name_of(at_head)) as urls:
        yield fill(urls)
