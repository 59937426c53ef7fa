"""A receiver, a courier for the tenant, and settings under which the loopback receiver may be called."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from app.kernel.relay import seal
from app.platform.webhooks.config import configure
from app.registry import OUTLETS
from tests.support.server import Server
from tests.support.tenants import Tenant
from tests.webhooks.courier import Courier
from tests.webhooks.receiver import Receiver


@pytest.fixture(autouse=True)
def _configured(server: Server) -> None:
    configure(server.settings)


@pytest.fixture
def relay(server: Server) -> Callable[[Tenant], int]:
    """Seal all that a tenant has committed. Transactions of other tests on this server may hold it up: wait for them."""

    def seal_all(tenant: Tenant) -> int:
        total = 0
        while (done := seal(server.database, tenant.id, OUTLETS)).count or done.more:
            total += done.count
        return total

    return seal_all


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def courier(server: Server, tenant: Tenant) -> Courier:
    return Courier(server.database, server.urls.superuser_url, tenant.id)


@pytest.fixture
def webhook(
    tenant: Tenant, receiver: Receiver, relay: Callable[[Tenant], int]
) -> Callable[..., dict[str, Any]]:
    """Makes an endpoint at the receiver; returns what the API answered, secret included.

    What happened before is sealed first, so that the endpoint gets only what the test does.
    """

    def make(**fields: Any) -> dict[str, Any]:
        relay(tenant)
        given = {"url": receiver.url, "event_types": ["*"]} | fields
        return tenant.post("/api/webhooks", **given)

    return make


@pytest.fixture
def deliveries(tenant: Tenant) -> Callable[..., list[dict[str, Any]]]:
    def read(webhook_id: str | UUID, **query: str) -> list[dict[str, Any]]:
        answer = tenant.client.get(f"/api/webhooks/{webhook_id}/deliveries", params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    return read
