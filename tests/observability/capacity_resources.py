"""Capacity policies, for the isolation suite. A meter key is the tenant's own word, not an id."""

from uuid import uuid4

from tests.support.tenants import Tenant


def meter_key(tenant: Tenant) -> str:
    key = f"meter-{uuid4().hex}"
    assert tenant.client.put(f"/api/observability/capacity/policies/{key}", json={}).status_code == 200
    return key


RESOURCES = {"meter_key": meter_key}
BODIES = {"forecast_capacity": lambda tenant: {"meter_key": meter_key(tenant)}}
