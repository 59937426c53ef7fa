"""A database at the foundation revision, cloned for each test that changes tables."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.kernel.db import migrate as m
from tests.migrations.databases import FOUNDATION, name_of, throwaway


@pytest.fixture(scope="session")
def foundation(pg: Any) -> Iterator[str]:
    with throwaway(pg) as urls:
        m.upgrade(urls.owner_url, FOUNDATION)
        yield name_of(urls)


@pytest.fixture
def database(pg: Any, foundation: str) -> Iterator[Any]:
    with throwaway(pg, template=foundation) as urls:
        yield urls
