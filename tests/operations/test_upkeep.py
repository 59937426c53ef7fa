"""Idempotency keys leave when their time is over, and not before."""

import psycopg

from app.platform.operations.upkeep import DELETE_EXPIRED_KEYS
from tests.events.spine import as_superuser
from tests.support.server import Server
from tests.support.tenants import Tenant


def keys(server: Server, tenant: Tenant) -> list[str]:
    with psycopg.connect(server.urls.superuser_url) as conn:
        found = conn.execute("SELECT key FROM idempotency_key WHERE tenant_id = %s ORDER BY key", [tenant.id])
        return [key for (key,) in found]


def test_expired_keys_are_deleted_in_their_tenant_only(server: Server, tenant: Tenant, rival: Tenant) -> None:
    for name in ("old", "young"):
        for who in (tenant, rival):
            answer = who.client.post(
                "/api/identity/roles",
                json={"name": name, "permissions": ["assets.read"]},
                headers={"Idempotency-Key": name},
            )
            assert answer.status_code == 201, answer.text
    as_superuser(
        server.urls, "UPDATE idempotency_key SET expires_at = now() - interval '1 second' WHERE key = 'old'"
    )
    DELETE_EXPIRED_KEYS.perform(server.database, tenant.id, "tick", {})
    assert keys(server, tenant) == ["young"]
    assert keys(server, rival) == ["old", "young"]
