"""A durable stack of its own: these tests kill it."""

from collections.abc import Iterator
from dataclasses import asdict

import pytest

from app.kernel.db import migrate
from app.kernel.embedded import EmbeddedStack, temporary_stack
from tests.support.databases import Servers, driver


@pytest.fixture(scope="module")
def stack() -> Iterator[EmbeddedStack]:
    with temporary_stack(durable=True) as running:
        migrate.upgrade(driver(running.urls.owner_url))
        yield running


@pytest.fixture(scope="module")
def urls(stack: EmbeddedStack) -> Servers:
    return Servers(**asdict(stack.urls))
