"""Regions: a tree of the tenant's own, found by code, moved as a whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest

from app.domains.assets.regions import service as regions
from app.domains.assets.regions.schemas import RegionCreate
from tests.assets.conftest import Working
from tests.support.fleet import Fleet, Json, pointers, refused
from tests.support.tenants import Tenant
from tests.support.waiting import somebody_waits, wait_until


@pytest.fixture
def grow(fleet: Fleet) -> Callable[..., Json]:
    """Make a region below another, or a root."""
    return lambda code, parent=None: fleet.tenant.post("/api/assets/regions", code=code, parent_code=parent)


def move(fleet: Fleet, region: Json, **body: object) -> httpx.Response:
    return fleet.client.patch(f"/api/assets/regions/{region['id']}", json=body)


def tree(fleet: Fleet) -> list[tuple[str, int]]:
    return [(row["code"], row["depth"]) for row in fleet.get("/api/assets/regions")]


def test_the_tree_is_listed_parents_before_children(fleet: Fleet, grow: Callable[..., Json]) -> None:
    root = grow("R")
    child, _ = grow("R1", "R"), grow("R2", "R")
    grow("R1A", "R1")
    assert (root["parent_id"], child["parent_id"]) == (None, root["id"])
    assert tree(fleet) == [("R", 0), ("R1", 1), ("R1A", 2), ("R2", 1)]
    assert fleet.get(f"/api/assets/regions/{child['id']}") == child


def test_a_region_moves_with_everything_below_it(fleet: Fleet, grow: Callable[..., Json]) -> None:
    grow("A")
    moved = [grow("B", "A"), grow("C", "B")][0]
    grow("Z")
    asset = fleet.asset(region_code="C")
    assert fleet.pool(region_code="A") == [asset["id"]]
    assert move(fleet, moved, parent_code="Z").status_code == 200
    assert tree(fleet) == [("A", 0), ("Z", 0), ("B", 1), ("C", 2)]
    assert (fleet.pool(region_code="A"), fleet.pool(region_code="Z")) == ([], [asset["id"]])
    assert move(fleet, moved, name="Bee").json()["parent_id"] is not None
    assert move(fleet, moved, parent_code=None).json()["parent_id"] is None
    assert (fleet.pool(region_code="Z"), fleet.pool(region_code="B")) == ([], [asset["id"]])


def test_a_region_never_lies_below_itself(fleet: Fleet, grow: Callable[..., Json]) -> None:
    top = grow("A")
    grow("B", "A")
    grow("C", "B")
    for below in ("A", "B", "C"):
        refused(move(fleet, top, parent_code=below), 409, "region_loop")
    assert tree(fleet) == [("A", 0), ("B", 1), ("C", 2)]


def test_a_code_is_unique_and_a_parent_known(tenant: Tenant, rival: Tenant) -> None:
    tenant.post("/api/assets/regions", code="EAST")
    refused(tenant.client.post("/api/assets/regions", json={"code": "EAST"}), 409, "region_code_taken")
    theirs = rival.post("/api/assets/regions", code="EAST")
    body = {"code": "X", "parent_code": "NOWHERE"}
    refused(tenant.client.post("/api/assets/regions", json=body), 404, "region_not_found")
    for region_id in (theirs["id"], str(uuid4())):
        refused(tenant.client.get(f"/api/assets/regions/{region_id}"), 404, "region_not_found")
        answer = tenant.client.patch(f"/api/assets/regions/{region_id}", json={"name": "x"})
        refused(answer, 404, "region_not_found")
    assert pointers(refused(tenant.client.post("/api/assets/regions", json={"code": " "}), 422)) == ["#/code"]


def test_a_region_first_named_by_an_asset_is_made(fleet: Fleet) -> None:
    fleet.asset(region_code="  NEW ")
    fleet.asset(region_code="NEW")
    assert tree(fleet) == [("NEW", 0)]


def test_a_region_made_while_its_ancestor_moves_is_moved_too(
    fleet: Fleet, grow: Callable[..., Json], working: Working, raw: psycopg.Connection
) -> None:
    top = grow("A")
    grow("B", "A")
    grow("Z")
    with ThreadPoolExecutor(1) as pool:
        with working() as tx:
            regions.create(tx, RegionCreate(code="C", parent_code="B"))
            late = pool.submit(move, fleet, top, parent_code="Z")
            wait_until(lambda: somebody_waits(raw))
        assert late.result(timeout=30).status_code == 200
    assert tree(fleet) == [("Z", 0), ("A", 1), ("B", 2), ("C", 3)]


def test_no_region_is_named_like_the_bucket_of_those_without_one(tenant: Tenant) -> None:
    asset = {"asset_type": "UAV", "asset_code": "U-1", "name": "One", "region_code": "UNASSIGNED"}
    for path, body, field in (("", asset, "region_code"), ("/regions", {"code": "UNASSIGNED"}, "code")):
        answer = tenant.client.post(f"/api/assets{path}", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#/{field}")
