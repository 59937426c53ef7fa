"""A backup becomes a tenant of its own: the same rows, other walls."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.domains.observability.backups.into_tenant import in_dependency_order
from app.domains.observability.backups.jobs import RESTORE
from tests.observability.backing_up import BACKUPS, Backups, Json, superuser
from tests.observability.backups_fixtures import backup_dir, backups
from tests.observability.flipping import flip_byte
from tests.support.fleet import Fleet, refused
from tests.support.server import Server
from tests.support.tenants import PASSWORD, Tenant

__all__ = ["backup_dir", "backups"]


def restore(backups: Backups, run: Json, name: str) -> tuple[Json, Json]:
    """What was answered, and the operation when it has ended."""
    answer = backups.tenant.client.post(f"{BACKUPS}/runs/{run['id']}:restore", json={"tenant_name": name})
    assert answer.status_code == 202, answer.text
    made: Json = answer.json()
    args = {"operation_id": made["operation_id"], "run_id": run["id"]}
    args |= {"new_tenant_id": made["tenant_id"], "tenant_name": name}
    for _ in range(2):
        RESTORE.job.perform(backups.server.database, backups.tenant.id, "job:test", args)
    return made, backups.get(f"/api/operations/{made['operation_id']}")


def sign_in(server: Server, tenant_id: str) -> httpx.Client:
    body = {"tenant_id": tenant_id, "username": "admin", "password": PASSWORD}
    token = httpx.post(f"{server.url}/api/identity/dev-login", json=body, timeout=30).json()["access_token"]
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def test_the_new_tenant_has_the_rows_and_its_people_sign_in(backups: Backups, fleet: Fleet) -> None:
    drone = fleet.drone()
    asset = fleet.asset(region_code="EAST")
    fleet.act(asset, "bind", bound_to_drone_id=drone["id"])
    order = fleet.order(asset)
    run = backups.run()
    late = fleet.asset()
    name = f"restored-{uuid4().hex}"
    made, operation = restore(backups, run, name)
    assert operation["status"] == "SUCCEEDED", operation
    assert operation["result"]["tenant_id"] == made["tenant_id"]
    assert {"event", "identity_session", "webhook_secret"} <= set(operation["result"]["left_out"])
    with sign_in(backups.server, made["tenant_id"]) as there:
        assert [row["name"] for row in there.get("/api/identity/tenants").json()] == [name]
        found = there.get(f"/api/assets/{asset['id']}").json()
        assert (found["asset_code"], found["bound_to_drone_id"]) == (asset["asset_code"], drone["id"])
        orders = there.get("/api/assets/maintenance/workorders").json()
        assert [row["id"] for row in orders] == [order["id"]]
        assert there.get(f"/api/assets/{late['id']}").status_code == 404
        changed = there.post("/api/assets", json={"asset_type": "UAV", "asset_code": "N-1", "name": "N-1"})
        assert changed.status_code == 201
        assert there.get(f"{BACKUPS}/runs").json() == []
        lines = there.get("/api/thread", params={"ref": f"tenant:{made['tenant_id']}"}).json()
        assert "backup.restored" in [line["type"] for line in lines]
    assert fleet.get(f"/api/assets/{asset['id']}") == fleet.read(asset)
    assert backups.events(f"backup:{run['id']}").count("backup.restored") == 1


def test_a_chain_is_restored_too(backups: Backups, fleet: Fleet) -> None:
    fleet.asset()
    backups.run()
    asset = fleet.asset()
    made, operation = restore(backups, backups.run(run_type="INCREMENTAL"), f"restored-{uuid4().hex}")
    assert operation["status"] == "SUCCEEDED", operation
    with sign_in(backups.server, made["tenant_id"]) as there:
        assert len(there.get("/api/assets").json()) == 2
        assert there.get(f"/api/assets/{asset['id']}").status_code == 200


def test_old_tokens_and_keys_open_nothing_there(backups: Backups) -> None:
    key = backups.tenant.post("/api/identity/api-keys", name="k", scopes=["events.read"])
    made, _ = restore(backups, backups.run(), f"restored-{uuid4().hex}")
    secret = str(key["secret"] if "secret" in key else key["key"])
    forged = secret.replace(str(backups.tenant.id), made["tenant_id"])
    forged = forged.replace(backups.tenant.id.hex, made["tenant_id"].replace("-", ""))
    assert forged != secret
    for credential in (backups.tenant.token, secret, forged):
        answer = httpx.get(
            f"{backups.server.url}/api/identity/tenants/{made['tenant_id']}",
            headers={"Authorization": f"Bearer {credential}"},
            timeout=30,
        )
        assert answer.status_code in {401, 403, 404}
    left = superuser(
        backups.server,
        "SELECT (SELECT count(*) FROM identity_session WHERE tenant_id = %(id)s)"
        " + (SELECT count(*) FROM identity_api_key WHERE tenant_id = %(id)s)",
        id=made["tenant_id"],
    )
    assert left == [(0,)]


def test_a_damaged_backup_makes_no_tenant(backups: Backups) -> None:
    run = backups.run()
    with flip_byte(backups.path(run) / "identity_user.data.gz"):
        made, operation = restore(backups, run, f"restored-{uuid4().hex}")
    assert operation["status"] == "FAILED"
    assert operation["problem"]["code"] == "restore_failed"
    assert operation["problem"]["reason_code"] == "bytes_changed"
    assert superuser(backups.server, "SELECT 1 FROM tenant WHERE id = %(id)s", id=made["tenant_id"]) == []


def test_a_name_that_is_taken_is_refused(backups: Backups, rival: Tenant) -> None:
    run = backups.run()
    answer = backups.tenant.client.post(
        f"{BACKUPS}/runs/{run['id']}:restore", json={"tenant_name": rival.name}
    )
    refused(answer, 409, "restore_name_taken")


def test_in_production_it_needs_the_operators_token(
    backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "an-operators-token-of-at-least-32-characters"
    run = backups.run()
    runtime = backups.server.runtime
    production = runtime.settings.model_copy(
        update={"profile": "production", "bootstrap_token": type(runtime.settings.secret_key)(token)}
    )
    monkeypatch.setattr(runtime, "settings", production)
    path, body = f"{BACKUPS}/runs/{run['id']}:restore", {"tenant_name": f"restored-{uuid4().hex}"}

    def ask(**headers: str) -> Any:
        return backups.tenant.client.post(path, json=body, headers=headers)

    refused(ask(), 403, "permission_denied")
    refused(ask(**{"Hangar-Operator-Token": "x" * 40}), 403, "permission_denied")
    assert ask(**{"Hangar-Operator-Token": token}).status_code == 202


def test_tables_come_after_what_they_reference() -> None:
    edges = [("c", "b"), ("b", "a"), ("d", "a"), ("d", "elsewhere")]
    order = list(in_dependency_order(["a", "b", "c", "d"], edges))
    assert sorted(order) == ["a", "b", "c", "d"]
    assert all(order.index(b) < order.index(a) for a, b in edges if b in order)
    with pytest.raises(ValueError, match="circle"):
        list(in_dependency_order(["a", "b"], [("a", "b"), ("b", "a")]))
