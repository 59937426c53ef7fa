"""One of everything that a route names by an id, made in a given tenant.

`RESOURCES` maps a path parameter to a function that makes the resource and returns its id. `ALIASES` maps a
body or query field to the parameter it means. `BODIES` gives bodies that a schema alone can't. A module adds its
own in `tests/<module>/resources.py` (or `<slice>_resources.py`), under the same three names; a route without a factory fails the suite.
"""

import importlib.util
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.kernel.jobs.engine import JobContext
from app.platform import operations
from tests.operations.kinds import PAINT
from tests.support.tenants import PASSWORD, Tenant

Factory = Callable[[Tenant], str]
Body = Callable[[Tenant], dict[str, Any]]


def _word() -> str:
    return uuid4().hex[:12]


def _made(tenant: Tenant, path: str, **body: Any) -> str:
    return str(tenant.post(path, **body)["id"])


def drone(tenant: Tenant) -> str:
    return _made(tenant, "/api/registry/drones", name=f"UNIT-{_word()}", vendor="FAKE")


def asset(tenant: Tenant) -> str:
    code = f"A-{_word()}"
    return _made(tenant, "/api/assets", asset_type="UAV", asset_code=code, name=code)


def _period() -> dict[str, str]:
    start = datetime.now(UTC) + timedelta(days=1)
    return {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat()}


def reservation(tenant: Tenant) -> str:
    return _made(tenant, "/api/assets/reservations", asset_id=asset(tenant), **_period())


def work_order(tenant: Tenant) -> str:
    return _made(
        tenant, "/api/assets/maintenance/workorders", asset_id=asset(tenant), title="Check the rotor"
    )


def webhook(tenant: Tenant) -> str:
    return _made(tenant, "/api/webhooks", url="http://127.0.0.1:9/hook", event_types=["webhook.*"])


def delivery(tenant: Tenant) -> str:
    """Sealed on the spot: deliveries are made by the relay's outlet."""
    from app.kernel.relay import seal
    from app.registry import OUTLETS

    endpoint = webhook(tenant)
    assert tenant.client.post(f"/api/webhooks/{endpoint}:test").is_success
    while seal(tenant.server.database, tenant.id, OUTLETS).count:
        pass
    sent = tenant.client.get(f"/api/webhooks/{endpoint}/deliveries").json()
    return str(sent[0]["id"])


def operation(tenant: Tenant) -> str:
    context = JobContext(tenant.server.database, tenant.id, "test", "test")
    return str(context.write(lambda tx: operations.start(tx, PAINT, mode="fine")))


RESOURCES: dict[str, Factory] = {
    "tenant_id": lambda tenant: str(tenant.id),
    "user_id": lambda t: _made(t, "/api/identity/users", username=f"u-{_word()}", password=PASSWORD),
    "role_id": lambda t: _made(t, "/api/identity/roles", name=f"r-{_word()}", permissions=["events.read"]),
    "api_key_id": lambda t: _made(t, "/api/identity/api-keys", name="k", scopes=["events.read"]),
    "drone_id": drone,
    "asset_id": asset,
    "region_id": lambda t: _made(t, "/api/assets/regions", code=f"R-{_word()}"),
    "reservation_id": reservation,
    "work_order_id": work_order,
    "webhook_id": webhook,
    "delivery_id": delivery,
    "operation_id": operation,
}
ALIASES: dict[str, str] = {"bound_to_drone_id": "drone_id", "role_ids": "role_id"}
BODIES: dict[str, Body] = {
    "create_reservation": lambda tenant: {"asset_id": asset(tenant)} | _period(),
    "create_webhook": lambda _: {"url": "http://127.0.0.1:9/hook", "event_types": ["asset.*"]},
}


def _collect() -> None:
    for path in sorted(Path(__file__).parents[1].glob("*/*resources.py")):
        spec = importlib.util.spec_from_file_location(f"tests.{path.parent.name}.{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
        RESOURCES.update(getattr(found, "RESOURCES", {}))
        ALIASES.update(getattr(found, "ALIASES", {}))
        BODIES.update(getattr(found, "BODIES", {}))


_collect()


def kind_of(field: str) -> str:
    """The path parameter that a field means."""
    return ALIASES.get(field, field)


def make(parameter: str, tenant: Tenant) -> str:
    """A fresh resource; fails with what to do when nobody has said how."""
    factory = RESOURCES.get(parameter)
    assert factory is not None, f"say in tests/<module>/resources.py how to make a {parameter}"
    return factory(tenant)
