"""Drones: the contract's Registry paragraph, over HTTP."""

from uuid import uuid4

import pytest

from tests.support.fleet import Fleet, pointers, refused
from tests.support.tenants import Tenant

FIELDS = {"id", "tenant_id", "name", "vendor", "capabilities"}


@pytest.mark.parametrize("vendor", ["DJI", "MAVLINK", "FAKE"])
def test_a_drone_is_registered_and_read(fleet: Fleet, vendor: str) -> None:
    body = {"name": "K-1", "vendor": vendor, "capabilities": {"rtk": True}, "colour": "ignored"}
    answer = fleet.client.post("/api/registry/drones", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made.keys() >= FIELDS
    assert (made["name"], made["vendor"], made["capabilities"]) == ("K-1", vendor, {"rtk": True})
    assert fleet.get(f"/api/v1/registry/drones/{made['id']}") == made
    assert fleet.get("/api/registry/drones") == [made]


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "x" * 101), ("vendor", "BOEING"), ("vendor", None), ("capabilities", [])],
)
def test_a_bad_field_is_422_and_named(fleet: Fleet, field: str, value: object) -> None:
    body = {"name": "K-1", "vendor": "DJI"} | {field: value}
    assert pointers(refused(fleet.client.post("/api/registry/drones", json=body), 422)) == [f"#/{field}"]


def test_a_name_is_unique_in_the_tenant(tenant: Tenant, rival: Tenant) -> None:
    fleet = Fleet(tenant)
    fleet.drone(name="K-1")
    body = {"name": "K-1", "vendor": "DJI"}
    refused(tenant.client.post("/api/registry/drones", json=body), 409, "drone_name_taken")
    Fleet(rival).drone(name="K-1")
    other = fleet.drone(name="K-2")
    answer = tenant.client.patch(f"/api/registry/drones/{other['id']}", json={"name": "K-1"})
    refused(answer, 409, "drone_name_taken")


def test_a_change_merges_capabilities_and_keeps_what_is_not_sent(fleet: Fleet) -> None:
    drone = fleet.drone(capabilities={"rtk": True, "range_km": 5})
    path = f"/api/registry/drones/{drone['id']}"
    changed = fleet.client.patch(path, json={"capabilities": {"range_km": 8, "zoom": 10}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["capabilities"] == {"rtk": True, "range_km": 8, "zoom": 10}
    assert (changed.json()["name"], changed.json()["vendor"]) == (drone["name"], drone["vendor"])
    renamed = fleet.client.patch(path, json={"name": "K-9"}, headers={"If-Match": changed.headers["etag"]})
    assert renamed.json()["name"] == "K-9"
    stale = fleet.client.patch(path, json={"name": "K-0"}, headers={"If-Match": changed.headers["etag"]})
    refused(stale, 412, "precondition_failed")


def test_deleting_takes_a_drone_out_and_frees_its_name(fleet: Fleet) -> None:
    drone = fleet.drone(name="K-1")
    assert fleet.client.delete(f"/api/registry/drones/{drone['id']}").status_code == 204
    refused(fleet.client.get(f"/api/registry/drones/{drone['id']}"), 404, "drone_not_found")
    assert fleet.get("/api/registry/drones") == []
    fleet.drone(name="K-1")
    refused(fleet.client.delete(f"/api/registry/drones/{drone['id']}"), 404, "drone_not_found")
    refused(fleet.try_to(fleet.asset(), "bind", bound_to_drone_id=drone["id"]), 404, "drone_not_found")


def test_unknown_and_foreign_drones_are_404(tenant: Tenant, rival: Tenant) -> None:
    for drone_id in (Fleet(rival).drone()["id"], str(uuid4())):
        path = f"/api/registry/drones/{drone_id}"
        refused(tenant.client.get(path), 404)
        refused(tenant.client.patch(path, json={"name": "x"}), 404)
        refused(tenant.client.delete(path), 404)
    assert tenant.client.get("/api/registry/drones").json() == []


def test_only_the_registry_permissions_open_the_registry(tenant: Tenant) -> None:
    assert tenant.as_user("assets.read", "maintenance.read").get("/api/registry/drones").status_code == 403
    reader = tenant.as_user("registry.read")
    assert reader.get("/api/registry/drones").status_code == 200
    refused(reader.post("/api/registry/drones", json={"name": "x", "vendor": "DJI"}), 403)
