"""Phase 09, assets: the promises of the contract, over HTTP."""

from tests.support.tenants import Tenant


def test_register_and_read(tenant: Tenant) -> None:
    made = tenant.client.post("/api/assets", json={"asset_type": "UAV", "asset_code": "U-1", "name": "One"})
    assert made.status_code == 201, made.text
    read = tenant.client.get(f"/api/v1/assets/{made.json()['id']}")
    assert read.status_code == 200
    assert read.json() == made.json()
    assert read.headers["etag"] == '"1"'


def test_a_rival_sees_nothing(tenant: Tenant, rival: Tenant) -> None:
    made = tenant.post("/api/assets", asset_type="UAV", asset_code="U-1", name="One")
    assert rival.client.get(f"/api/assets/{made['id']}").status_code == 404
    assert rival.client.get("/api/assets").json() == []
