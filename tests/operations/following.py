"""Starting and running operations from a test."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from app.platform import operations
from app.platform.operations import Kind
from tests.events.spine import writing
from tests.support.server import Server
from tests.support.tenants import Tenant


def start(server: Server, tenant: Tenant, kind: Kind, **args: str) -> str:
    with writing(server.database, tenant.id) as tx:
        return str(operations.start(tx, kind, subject="asset:1", **args))


def run(server: Server, tenant: Tenant, kind: Kind, operation_id: str, **args: str) -> None:
    """One run of the operation's job, here and now."""
    kind.job.perform(server.database, tenant.id, "job:test", {"operation_id": operation_id, **args})


def read(tenant: Tenant, operation_id: str) -> dict[str, Any]:
    answer = tenant.client.get(f"/api/operations/{operation_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def event_types(server: Server, tenant: Tenant, operation_id: str) -> list[str]:
    lines = tenant.client.get(f"/api/thread?ref=operation:{UUID(operation_id)}").json()
    return [line["type"] for line in lines]
