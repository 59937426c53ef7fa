"""Phase 09, the asset ledger: every row of the contract's Assets table, black box over HTTP."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.fleet import Fleet, pointers, refused, soon
from tests.support.tenants import Tenant

FIELDS = {
    "id", "tenant_id", "asset_type", "asset_code", "name", "serial_number", "lifecycle_status",
    "availability_status", "health_status", "health_score", "region_code", "bound_to_drone_id", "detail", "bound_at",
    "last_health_at", "retired_at", "retired_reason", "created_at", "updated_at",
}  # fmt: skip
NULL_AT_FIRST = {
    "serial_number", "health_score", "region_code", "bound_to_drone_id", "bound_at", "last_health_at", "retired_at",
    "retired_reason",
}  # fmt: skip
TYPES = ("UAV", "PAYLOAD", "BATTERY", "CONTROLLER", "DOCK")


def retired(fleet: Fleet, **fields: Any) -> dict[str, Any]:
    asset = fleet.asset(**fields)
    return fleet.act(asset, "retire", reason="worn out")


def test_an_asset_starts_registered_available_and_of_unknown_health(tenant: Tenant) -> None:
    body = {"asset_type": "UAV", "asset_code": "U-1", "name": "One", "colour": "an older client sends more"}
    answer = tenant.client.post("/api/assets", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made.keys() >= FIELDS
    assert made["tenant_id"] == str(tenant.id)
    assert (made["asset_type"], made["asset_code"], made["name"]) == ("UAV", "U-1", "One")
    assert (made["lifecycle_status"], made["availability_status"]) == ("REGISTERED", "AVAILABLE")
    assert (made["health_status"], made["detail"]) == ("UNKNOWN", {})
    assert {name for name in FIELDS if made[name] is None} == NULL_AT_FIRST
    assert datetime.fromisoformat(made["created_at"]).utcoffset() is not None
    assert answer.headers["location"] == f"/api/assets/{made['id']}"
    read = tenant.client.get(f"/api/v1/assets/{made['id']}")
    assert (read.status_code, read.json()) == (200, made)
    assert read.headers["etag"] == '"1"'


def test_an_asset_keeps_what_it_was_registered_with(fleet: Fleet) -> None:
    made = fleet.asset("BATTERY", serial_number="S-7", region_code="REGION-EAST", detail={"cells": 6})
    assert (made["serial_number"], made["region_code"], made["detail"]) == (
        "S-7",
        "REGION-EAST",
        {"cells": 6},
    )


@pytest.mark.parametrize("asset_type", TYPES)
def test_every_asset_type_of_the_contract_is_known(fleet: Fleet, asset_type: str) -> None:
    assert fleet.asset(asset_type)["asset_type"] == asset_type


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("asset_type", "ROCKET"),
        ("asset_type", None),
        ("asset_code", "  "),
        ("asset_code", "x" * 101),
        ("name", ""),
        ("name", "x" * 101),
        ("serial_number", "x" * 101),
        ("region_code", "x" * 101),
        ("detail", "text"),
    ],
)
def test_a_bad_field_is_422_and_named(tenant: Tenant, field: str, value: object) -> None:
    body = {"asset_type": "UAV", "asset_code": "U-1", "name": "One"} | {field: value}
    assert pointers(refused(tenant.client.post("/api/assets", json=body), 422)) == [f"#/{field}"]
    assert tenant.client.get("/api/assets").json() == []


def test_a_code_is_unique_within_tenant_and_type(tenant: Tenant, rival: Tenant) -> None:
    fleet = Fleet(tenant)
    fleet.asset("UAV", asset_code="X-1")
    twin = {"asset_type": "UAV", "asset_code": "X-1", "name": "twin"}
    refused(tenant.client.post("/api/assets", json=twin), 409, "asset_code_taken")
    fleet.asset("DOCK", asset_code="X-1")
    Fleet(rival).asset("UAV", asset_code="X-1")


def test_the_list_filters_by_every_word(fleet: Fleet) -> None:
    plain = fleet.asset("UAV", region_code="EAST")
    busy = fleet.asset("DOCK", region_code="WEST")
    fleet.act(busy, "availability", availability_status="IN_USE")
    bound = fleet.asset("BATTERY")
    fleet.act(bound, "bind", bound_to_drone_id=fleet.drone()["id"])
    gone = retired(fleet)
    fleet.act(plain, "health", health_status="DEGRADED", health_score=40)
    wanted = {
        ("asset_type", "DOCK"): [busy],
        ("lifecycle_status", "BOUND"): [bound],
        ("lifecycle_status", "RETIRED"): [gone],
        ("lifecycle_status", "REGISTERED"): [plain, busy],
        ("availability_status", "IN_USE"): [busy],
        ("availability_status", "UNAVAILABLE"): [gone],
        ("availability_status", "AVAILABLE"): [plain, bound],
        ("health_status", "DEGRADED"): [plain],
        ("region_code", "WEST"): [busy],
        ("region_code", "NOWHERE"): [],
    }
    for (name, value), expected in wanted.items():
        found = fleet.get("/api/assets", **{name: value})
        assert [row["id"] for row in found] == [row["id"] for row in expected], (name, value)
    assert len(fleet.get("/api/assets")) == 4
    assert fleet.get("/api/assets", asset_type="DOCK", region_code="EAST") == []


def test_the_list_is_paged_by_links_in_a_stable_order(fleet: Fleet) -> None:
    made = [fleet.asset()["id"] for _ in range(5)]
    seen, url = [], "/api/assets?limit=2&count=true"
    while url:
        answer = fleet.client.get(url)
        assert answer.headers["x-total-count"] == "5"
        seen += [row["id"] for row in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert seen == made


@pytest.mark.parametrize("path", ["/api/assets", "/api/assets/pool", "/api/assets/pool/summary"])
def test_unknown_parameters_and_words_are_refused(fleet: Fleet, path: str) -> None:
    refused(fleet.client.get(path, params={"colour": "red"}), 400, "unknown_parameter")
    refused(fleet.client.get(path, params={"asset_type": "ROCKET"}), 422)
    refused(fleet.client.get(path, params={"health_status": "FINE"}), 422)


def test_unknown_and_foreign_ids_are_404(tenant: Tenant, rival: Tenant) -> None:
    theirs = Fleet(rival).asset()["id"]
    drone = Fleet(tenant).drone()["id"]
    for asset_id in (theirs, str(uuid4())):
        refused(tenant.client.get(f"/api/assets/{asset_id}"), 404, "asset_not_found")
        for action, body in {
            "bind": {"bound_to_drone_id": drone},
            "unbind": {},
            "availability": {"availability_status": "IN_USE"},
            "health": {"health_status": "HEALTHY"},
            "retire": {"reason": "x"},
        }.items():
            answer = tenant.client.post(f"/api/assets/{asset_id}/{action}", json=body)
            refused(answer, 404, "asset_not_found")
    assert tenant.client.get("/api/assets").json() == []


def test_binding_installs_the_asset(fleet: Fleet) -> None:
    asset, drone = fleet.asset(), fleet.drone()
    bound = fleet.act(asset, "bind", bound_to_drone_id=drone["id"])
    assert (bound["lifecycle_status"], bound["bound_to_drone_id"]) == ("BOUND", drone["id"])
    assert bound["bound_at"] is not None
    again = fleet.act(asset, "bind", bound_to_drone_id=drone["id"])
    assert again == bound
    other = fleet.drone()
    refused(fleet.try_to(asset, "bind", bound_to_drone_id=other["id"]), 409, "asset_installed_elsewhere")
    elsewhere = fleet.try_to(asset, "bind", bound_to_drone_id=drone["id"], slot="nose")
    refused(elsewhere, 409, "asset_installed_elsewhere")
    assert fleet.read(asset) == bound


def test_two_assets_share_a_drone_but_not_a_slot(fleet: Fleet) -> None:
    drone = fleet.drone()
    fleet.act(fleet.asset(), "bind", bound_to_drone_id=drone["id"], slot="airframe")
    answer = fleet.try_to(fleet.asset(), "bind", bound_to_drone_id=drone["id"], slot="airframe")
    refused(answer, 409, "slot_taken")
    fleet.act(fleet.asset(), "bind", bound_to_drone_id=drone["id"])


def test_binding_needs_a_drone_of_this_tenant(tenant: Tenant, rival: Tenant) -> None:
    fleet = Fleet(tenant)
    asset = fleet.asset()
    for drone in (str(uuid4()), Fleet(rival).drone()["id"]):
        refused(fleet.try_to(asset, "bind", bound_to_drone_id=drone), 404, "drone_not_found")
    assert pointers(refused(fleet.try_to(asset, "bind"), 422)) == ["#/bound_to_drone_id"]


def test_unbinding_frees_the_asset(fleet: Fleet) -> None:
    asset, drone = fleet.asset(), fleet.drone()
    refused(fleet.try_to(asset, "unbind"), 409, "asset_not_bound")
    fleet.act(asset, "bind", bound_to_drone_id=drone["id"])
    free = fleet.act(asset, "unbind")
    assert (free["lifecycle_status"], free["bound_to_drone_id"], free["bound_at"]) == (
        "REGISTERED",
        None,
        None,
    )
    fleet.act(asset, "bind", bound_to_drone_id=fleet.drone()["id"])


@pytest.mark.parametrize("word", ["RESERVED", "IN_USE", "MAINTENANCE", "UNAVAILABLE"])
def test_a_statement_holds_until_it_is_withdrawn(fleet: Fleet, word: str) -> None:
    asset = fleet.asset()
    stated = fleet.act(asset, "availability", availability_status=word)
    assert stated["availability_status"] == word
    assert [(r["code"], r["detail"], r["until"]) for r in stated["availability_reasons"]] == [
        ("MANUAL", word, None)
    ]
    assert fleet.pool() == []
    free = fleet.act(asset, "availability", availability_status="AVAILABLE")
    assert (free["availability_status"], free["availability_reasons"]) == ("AVAILABLE", [])
    assert fleet.pool() == [asset["id"]]


def test_a_statement_replaces_the_one_before_and_may_end(fleet: Fleet) -> None:
    asset, until = fleet.asset(), soon(hours=3)
    fleet.act(asset, "availability", availability_status="IN_USE")
    stated = fleet.act(asset, "availability", availability_status="UNAVAILABLE", until=until)
    (reason,) = stated["availability_reasons"]
    assert stated["availability_status"] == "UNAVAILABLE"
    assert datetime.fromisoformat(reason["until"]) == datetime.fromisoformat(until)
    assert datetime.fromisoformat(stated["next_available_at"]) == datetime.fromisoformat(until)
    for late in (soon(hours=-1), "2026-01-01T00:00:00", "0001-01-01T00:00:00Z", "tomorrow"):
        answer = fleet.try_to(asset, "availability", availability_status="IN_USE", until=late)
        assert pointers(refused(answer, 422)) == ["#/until"]
    assert pointers(refused(fleet.try_to(asset, "availability", availability_status="BUSY"), 422)) == [
        "#/availability_status"
    ]


def test_a_statement_may_move_the_asset(fleet: Fleet) -> None:
    asset = fleet.asset(region_code="EAST")
    assert (
        fleet.act(asset, "availability", availability_status="IN_USE", region_code="WEST")["region_code"]
        == "WEST"
    )
    again = fleet.act(asset, "availability", availability_status="AVAILABLE", region_code=" ")
    assert again["region_code"] == "WEST"


def test_health_is_reported_and_its_detail_merged(fleet: Fleet) -> None:
    asset = fleet.asset(detail={"a": 1, "b": 1})
    report = fleet.act(asset, "health", health_status="HEALTHY", health_score=88, detail={"b": 2, "c": 3})
    assert (report["health_status"], report["health_score"]) == ("HEALTHY", 88)
    assert report["detail"] == {"a": 1, "b": 2, "c": 3}
    assert report["last_health_at"] is not None
    critical = fleet.act(asset, "health", health_status="CRITICAL")
    assert (critical["availability_status"], critical["health_score"]) == ("UNAVAILABLE", None)
    assert [r["code"] for r in critical["availability_reasons"]] == ["HEALTH_CRITICAL"]


@pytest.mark.parametrize("score", [-1, 101, 50.5, True, "88"])
def test_a_health_score_is_a_whole_number_from_0_to_100(fleet: Fleet, score: object) -> None:
    asset = fleet.asset()
    answer = fleet.try_to(asset, "health", health_status="HEALTHY", health_score=score)
    assert pointers(refused(answer, 422)) == ["#/health_score"]
    assert fleet.read(asset)["health_status"] == "UNKNOWN"


def test_retiring_is_final(fleet: Fleet) -> None:
    asset = fleet.asset()
    fleet.act(asset, "availability", availability_status="IN_USE")
    gone = fleet.act(asset, "retire", reason="worn out")
    assert (gone["lifecycle_status"], gone["availability_status"]) == ("RETIRED", "UNAVAILABLE")
    assert (gone["retired_reason"], gone["next_available_at"]) == ("worn out", None)
    assert gone["retired_at"] is not None
    assert [r["code"] for r in gone["availability_reasons"]] == ["RETIRED"]
    drone = fleet.drone()["id"]
    for action, body in {
        "bind": {"bound_to_drone_id": drone},
        "unbind": {},
        "availability": {"availability_status": "AVAILABLE"},
        "health": {"health_status": "HEALTHY"},
        "retire": {"reason": "again"},
        ":ground": {"reason": "again"},
    }.items():
        refused(fleet.try_to(asset, action, **body), 409, "asset_retired")
    refused(fleet.client.patch(f"/api/assets/{asset['id']}", json={"name": "x"}), 409, "asset_retired")
    assert fleet.read(asset) == gone


def test_retiring_names_every_blocker(fleet: Fleet) -> None:
    asset, drone = fleet.asset(), fleet.drone()
    fleet.act(asset, "bind", bound_to_drone_id=drone["id"])
    held = fleet.reserve(asset, soon(hours=24), soon(hours=25))
    order = fleet.order(asset, title="Replace motor")
    problem = refused(fleet.try_to(asset, "retire", reason="x"), 409, "retire_blocked")
    assert [(b["kind"], b["ref"]) for b in problem["blockers"]] == [
        ("BOUND", f"drone:{drone['id']}"),
        ("RESERVED", f"reservation:{held['id']}"),
        ("WORK_ORDER", f"workorder:{order['id']}"),
    ]
    fleet.act(asset, "unbind")
    fleet.tenant.post(f"/api/assets/reservations/{held['id']}:cancel")
    fleet.move(order, "CANCELED")
    assert fleet.act(asset, "retire", reason="x")["lifecycle_status"] == "RETIRED"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, None])
def test_retiring_needs_a_reason(fleet: Fleet, reason: object) -> None:
    asset = fleet.asset()
    assert pointers(refused(fleet.try_to(asset, "retire", reason=reason), 422)) == ["#/reason"]


@pytest.mark.parametrize(
    ("permissions", "reads", "writes"),
    [
        (("assets.read",), 200, 403),
        (("assets.read", "assets.write"), 200, 201),
        (("registry.read",), 200, 403),
        (("registry.read", "registry.write"), 200, 201),
        (("maintenance.read", "maintenance.write"), 403, 403),
    ],
)
def test_registry_permissions_open_the_asset_routes(
    tenant: Tenant, permissions: tuple[str, ...], reads: int, writes: int
) -> None:
    client = tenant.as_user(*permissions)
    for path in ("/api/assets", "/api/assets/pool", "/api/assets/pool/summary"):
        assert client.get(path).status_code == reads
    body = {"asset_type": "UAV", "asset_code": "U-1", "name": "One"}
    assert client.post("/api/assets", json=body).status_code == writes


def test_nobody_reads_or_writes_without_signing_in(anonymous: httpx.Client) -> None:
    refused(anonymous.get("/api/assets"), 401)
    refused(anonymous.post("/api/assets", json={}), 401)


def test_a_rival_sees_nothing(tenant: Tenant, rival: Tenant) -> None:
    made = Fleet(tenant).asset(region_code="EAST")
    assert rival.client.get(f"/api/assets/{made['id']}").status_code == 404
    for path in ("/api/assets", "/api/assets/pool", "/api/assets/pool/summary", "/api/assets/regions"):
        assert rival.client.get(path).json() == []
