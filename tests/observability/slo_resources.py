"""Objectives, for the isolation suite."""

from uuid import uuid4

from tests.support.tenants import Tenant


def slo_policy(tenant: Tenant) -> str:
    made = tenant.post(
        "/api/observability/slo/policies", policy_key=f"slo-{uuid4().hex[:12]}", service_name="api"
    )
    return str(made["id"])


RESOURCES = {"slo_policy_id": slo_policy}
ALIASES = {"policy_ids": "slo_policy_id", "policy_id": "slo_policy_id"}
