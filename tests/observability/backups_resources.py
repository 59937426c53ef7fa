"""How the isolation suite makes what the routes of backups name."""

from typing import Any

from tests.support.tenants import Tenant

_BACKUPS = "/api/observability/backups"


def _made(tenant: Tenant, path: str, body: dict[str, Any]) -> str:
    answer = tenant.client.post(path, params={"wait_seconds": 0}, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def backup_run(tenant: Tenant) -> str:
    """Nobody works on it: the suite has no worker."""
    return _made(tenant, f"{_BACKUPS}:runs", {})


def restore_drill(tenant: Tenant) -> str:
    return _made(tenant, f"{_BACKUPS}/runs/{backup_run(tenant)}:restore-drill", {})


RESOURCES = {"backup_run_id": backup_run, "drill_id": restore_drill}
