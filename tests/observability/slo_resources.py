"""Objectives and their corrections, for the isolation suite."""

from uuid import uuid4

from tests.support.tenants import Tenant

POLICIES = "/api/observability/slo/policies"
PERIOD = {"starts_at": "2026-03-01T10:00:00Z", "ends_at": "2026-03-01T11:00:00Z", "reason": "Drill"}


def slo_policy(tenant: Tenant) -> str:
    return str(tenant.post(POLICIES, policy_key=f"slo-{uuid4().hex[:12]}", service_name="api")["id"])


def slo_correction(tenant: Tenant) -> str:
    return str(tenant.post(f"{POLICIES}/{slo_policy(tenant)}/corrections", **PERIOD)["id"])


RESOURCES = {"slo_policy_id": slo_policy, "slo_correction_id": slo_correction}
ALIASES = {"policy_ids": "slo_policy_id", "policy_id": "slo_policy_id"}
BODIES = {"create_slo_correction": lambda _: PERIOD}
