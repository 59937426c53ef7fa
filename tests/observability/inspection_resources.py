"""Inspections, for the isolation suite."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.domains.observability.inspections import service
from app.domains.observability.inspections.words import BASELINE
from app.kernel.jobs.engine import JobContext
from tests.support.tenants import Tenant


def inspection(tenant: Tenant) -> str:
    context = JobContext(tenant.server.database, tenant.id, "test", "test")
    return str(context.write(lambda tx: service.begin(tx, BASELINE)))


def waiver_body(_: Tenant | None = None) -> dict[str, Any]:
    return {"reason": "Known.", "expires_at": (datetime.now(UTC) + timedelta(days=7)).isoformat()}


RESOURCES = {"inspection_id": inspection}
BODIES = {"set_security_waiver": waiver_body}
