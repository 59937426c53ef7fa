"""The pool and its summary: what can be had, and true totals of everything in service."""

import pytest

from tests.support.fleet import Fleet, refused, soon


def test_the_pool_is_what_is_available_unless_another_word_is_asked_for(fleet: Fleet) -> None:
    free, busy, grounded = fleet.asset(), fleet.asset(), fleet.asset()
    fleet.act(busy, "availability", availability_status="IN_USE")
    fleet.act(grounded, ":ground", reason="crack")
    assert fleet.pool() == [free["id"]]
    assert fleet.pool(availability_status="IN_USE") == [busy["id"]]
    assert fleet.pool(availability_status="UNAVAILABLE") == [grounded["id"]]
    assert fleet.pool(availability_status="RESERVED") == []


def test_an_installed_asset_stays_in_the_pool(fleet: Fleet) -> None:
    asset = fleet.asset()
    fleet.act(asset, "bind", bound_to_drone_id=fleet.drone()["id"])
    assert fleet.pool() == [asset["id"]]


def test_the_pool_filters_by_type_health_and_score(fleet: Fleet) -> None:
    good, fair, unscored = fleet.asset("UAV"), fleet.asset("BATTERY"), fleet.asset("UAV")
    fleet.act(good, "health", health_status="HEALTHY", health_score=90)
    fleet.act(fair, "health", health_status="DEGRADED", health_score=60)
    assert fleet.pool(asset_type="BATTERY") == [fair["id"]]
    assert fleet.pool(health_status="HEALTHY") == [good["id"]]
    assert fleet.pool(health_status="UNKNOWN") == [unscored["id"]]
    assert fleet.pool(min_health_score=60) == [good["id"], fair["id"]]
    assert fleet.pool(min_health_score=61) == [good["id"]]
    assert fleet.pool(min_health_score=0) == [good["id"], fair["id"]]
    for score in ("-1", "101", "high"):
        refused(fleet.client.get("/api/assets/pool", params={"min_health_score": score}), 422)


@pytest.mark.parametrize("path", ["/api/assets", "/api/assets/pool"])
def test_a_region_is_searched_with_all_below_it(fleet: Fleet, path: str) -> None:
    fleet.tenant.post("/api/assets/regions", code="NORTH")
    fleet.tenant.post("/api/assets/regions", code="NORTH-1", parent_code="NORTH")
    above, below = fleet.asset(region_code="NORTH"), fleet.asset(region_code="NORTH-1")
    fleet.asset(region_code="SOUTH")
    nowhere = fleet.asset()
    ids = {
        code: [r["id"] for r in fleet.get(path, region_code=code)]
        for code in ("NORTH", "NORTH-1", "UNASSIGNED")
    }
    assert ids == {
        "NORTH": [above["id"], below["id"]],
        "NORTH-1": [below["id"]],
        "UNASSIGNED": [nowhere["id"]],
    }


def test_the_summary_counts_by_region_type_and_state(fleet: Fleet) -> None:
    east = [fleet.asset("UAV", region_code="EAST") for _ in range(3)] + [
        fleet.asset("DOCK", region_code="EAST")
    ]
    nowhere = fleet.asset("UAV")
    for asset, score in zip(east[:3], (90, 85, 83), strict=True):
        fleet.act(asset, "health", health_status="HEALTHY", health_score=score)
    fleet.act(east[3], "health", health_status="DEGRADED")
    fleet.act(east[0], "availability", availability_status="IN_USE")
    fleet.move(fleet.order(east[1]), "IN_PROGRESS")
    fleet.reserve(nowhere, soon(hours=-1), soon(hours=1))
    fleet.act(fleet.asset("UAV", region_code="EAST"), "retire", reason="gone")
    assert fleet.get("/api/assets/pool/summary") == [
        {
            "region_code": "EAST",
            "total_assets": 4,
            "available_assets": 2,
            "by_type": {"DOCK": 1, "UAV": 3},
            "by_availability": {"AVAILABLE": 2, "IN_USE": 1, "MAINTENANCE": 1},
            "healthy_assets": 3,
            "average_health_score": 86.0,
        },
        {
            "region_code": "UNASSIGNED",
            "total_assets": 1,
            "available_assets": 0,
            "by_type": {"UAV": 1},
            "by_availability": {"RESERVED": 1},
            "healthy_assets": 0,
            "average_health_score": None,
        },
    ]


def test_the_summary_is_sorted_by_region_and_filters_like_the_pool(fleet: Fleet) -> None:
    for code, score in (("ZULU", 33), ("ALPHA", 33), ("ALPHA", 34), ("ALPHA", 34)):
        asset = fleet.asset("BATTERY" if code == "ZULU" else "UAV", region_code=code)
        fleet.act(asset, "health", health_status="HEALTHY", health_score=score)
    rows = fleet.get("/api/assets/pool/summary")
    assert [row["region_code"] for row in rows] == ["ALPHA", "ZULU"]
    assert rows[0]["average_health_score"] == 33.67
    only = {
        "asset_type=UAV": [("ALPHA", 3)],
        "health_status=DEGRADED": [],
        "region_code=ZULU": [("ZULU", 1)],
        "region_code=NOWHERE": [],
        "min_health_score=34": [("ALPHA", 2)],
    }
    for query, expected in only.items():
        found = fleet.client.get(f"/api/assets/pool/summary?{query}").json()
        assert [(row["region_code"], row["total_assets"]) for row in found] == expected, query
