"""One PostgreSQL and one Valkey for the whole run, one database a worker, one tenant a test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.support import databases
from tests.support.databases import Servers
from tests.support.fleet import Fleet
from tests.support.passwords import make_hashes_cheap
from tests.support.sealing import seal_all
from tests.support.server import Server, settings_for
from tests.support.tenants import Tenant, make_tenant
from tests.support.worker import running_worker

_RUN = ExitStack()
_URLS: dict[str, Servers] = {}


def _start() -> Servers:
    """Start the servers of this run and make the template, once."""
    if "run" not in _URLS:
        _URLS["run"] = _RUN.enter_context(databases.running_servers())
        databases.make_template(_URLS["run"])
    return _URLS["run"]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where the controller's servers are."""
    node.workerinput["hangar_urls"] = databases.dump(_start())


def pytest_unconfigure() -> None:
    _RUN.close()
    _URLS.clear()


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture(scope="session")
def pg(request: pytest.FixtureRequest) -> Servers:
    """The servers' URLs; the database they name is nobody's, make one of your own."""
    given = getattr(request.config, "workerinput", {}).get("hangar_urls")
    return databases.load(given) if given else _start()


@pytest.fixture(scope="session")
def urls(pg: Servers, worker_id: str) -> Iterator[Servers]:
    """This worker's own migrated database."""
    name = f"hangar_{worker_id}"
    yield pg.create_database(name, databases.TEMPLATE)
    pg.drop_database(name)


@pytest.fixture(scope="session")
def server(urls: Servers) -> Iterator[Server]:
    make_hashes_cheap()
    with Server(settings_for(urls), urls) as running:
        yield running


@pytest.fixture
def anonymous(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def tenant(server: Server) -> Iterator[Tenant]:
    made = make_tenant(server)
    yield made
    made.close()


@pytest.fixture
def rival(server: Server) -> Iterator[Tenant]:
    """Another tenant, for everything it must not see."""
    made = make_tenant(server)
    yield made
    made.close()


@pytest.fixture
def fleet(tenant: Tenant) -> Fleet:
    """The tenant's fleet, worked on over HTTP."""
    return Fleet(tenant)


@pytest.fixture
def relay(server: Server) -> Callable[[Tenant], int]:
    """Seal what a tenant has committed, now, through the product's own outlets; returns how many events."""
    from app.registry import OUTLETS

    def until_sealed(tenant: Tenant) -> int:
        return seal_all(server.database, tenant.id, OUTLETS)

    return until_sealed


@pytest.fixture(scope="module")
def worker(urls: Servers, server: Server) -> Iterator[None]:
    """A worker process beside the server."""
    with running_worker(urls):
        yield
