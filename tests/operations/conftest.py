from collections.abc import Iterator

import pytest

from app.kernel.api.routing import mount
from tests.operations.kinds import router
from tests.support.server import Server


@pytest.fixture
def paints(server: Server) -> Iterator[None]:
    """The test route, on the server while the test runs."""
    routes = server.app.router.routes
    count = len(routes)
    mount(server.app, [router])
    yield
    del routes[count:]
