"""`?as_of=`: every derived fact as it was, to the microsecond, however much came after."""

from datetime import datetime, timedelta

import pytest

from tests.support.fleet import ORDERS, Fleet, Json, pointers, refused, soon

DERIVED = (
    "lifecycle_status", "availability_status", "availability_reasons", "health_status", "health_score", "region_code",
    "bound_to_drone_id", "slot", "bound_at", "last_health_at", "retired_at", "retired_reason",
)  # fmt: skip


def earlier(instant: str) -> str:
    return (datetime.fromisoformat(instant) - timedelta(microseconds=1)).isoformat()


def facts(asset: Json) -> Json:
    return {name: asset[name] for name in DERIVED}


@pytest.fixture
def life(fleet: Fleet) -> list[Json]:
    """One asset through everything: the answer after each change, `updated_at` being the instant of the change."""
    steps = [fleet.asset(region_code="EAST")]
    asset = steps[0]
    drone = fleet.drone()["id"]
    for action, body in (
        ("bind", {"bound_to_drone_id": drone, "slot": "airframe"}),
        ("availability", {"availability_status": "IN_USE", "region_code": "WEST"}),
        ("health", {"health_status": "HEALTHY", "health_score": 80}),
        ("availability", {"availability_status": "AVAILABLE"}),
        ("health", {"health_status": "CRITICAL", "health_score": 5}),
        ("health", {"health_status": "DEGRADED"}),
        (":ground", {"reason": "crack"}),
        (":release", {"note": "checked"}),
        ("unbind", {}),
        ("retire", {"reason": "worn out"}),
    ):
        steps.append(fleet.act(asset, action, **body))
    assert len({str(facts(step)) for step in steps}) >= 9
    return steps


def test_every_fact_is_read_as_it_was_just_before_and_after_each_change(
    fleet: Fleet, life: list[Json]
) -> None:
    refused(
        fleet.client.get(f"/api/assets/{life[0]['id']}", params={"as_of": earlier(life[0]["created_at"])}),
        404,
    )
    for index, step in enumerate(life):
        assert facts(fleet.read(step, as_of=step["updated_at"])) == facts(step), index
        if index:
            assert facts(fleet.read(step, as_of=earlier(step["updated_at"]))) == facts(life[index - 1]), index


def test_the_list_the_pool_and_the_summary_are_read_as_they_were(fleet: Fleet, life: list[Json]) -> None:
    for step in life:
        when = {"as_of": step["updated_at"]}
        (row,) = fleet.get("/api/assets", **when, region_code=step["region_code"])
        assert facts(row) == facts(step)
        assert fleet.get("/api/assets", **when, lifecycle_status=step["lifecycle_status"]) != []
        in_pool = step["availability_status"] == "AVAILABLE"
        assert fleet.pool(**when) == ([step["id"]] if in_pool else [])
        summary = fleet.get("/api/assets/pool/summary", **when)
        if step["lifecycle_status"] == "RETIRED":
            assert summary == []
            continue
        assert [(r["region_code"], r["by_availability"]) for r in summary] == [
            (step["region_code"], {step["availability_status"]: 1})
        ]
    when = {"as_of": earlier(life[0]["created_at"])}
    for path in ("/api/assets", "/api/assets/pool", "/api/assets/pool/summary"):
        assert fleet.get(path, **when) == []


def test_work_is_read_as_it_was(fleet: Fleet) -> None:
    asset = fleet.asset()
    order = fleet.order(asset)
    begun = fleet.move(order, "IN_PROGRESS")["started_at"]
    closed = fleet.close(order)["closed_at"]
    seen = [
        fleet.read(asset, as_of=t)["availability_status"]
        for t in (earlier(begun), begun, earlier(closed), closed)
    ]
    assert seen == ["AVAILABLE", "MAINTENANCE", "MAINTENANCE", "AVAILABLE"]
    reasons = fleet.read(asset, as_of=begun)["availability_reasons"]
    assert [reason["ref"] for reason in reasons] == [f"workorder:{order['id']}"]
    assert fleet.get(f"{ORDERS}/{order['id']}")["status"] == "CLOSED"


def test_the_future_is_read_from_what_is_known_now(fleet: Fleet) -> None:
    free, booked, down = fleet.asset(), fleet.asset(), fleet.asset()
    start, end = soon(hours=24), soon(hours=26)
    made = fleet.reserve(booked, start, end)
    fleet.act(down, ":ground", reason="crack")
    seen = {t: fleet.pool(as_of=t) for t in (earlier(start), start, earlier(end), end)}
    both = [free["id"], booked["id"]]
    assert list(seen.values()) == [both, [free["id"]], [free["id"]], both]
    fleet.tenant.post(f"/api/assets/reservations/{made['id']}:cancel")
    assert fleet.pool(as_of=start) == both


@pytest.mark.parametrize("path", ["/api/assets", "/api/assets/pool", "/api/assets/pool/summary"])
@pytest.mark.parametrize("instant", ["yesterday", "2026-01-01T00:00:00", "0001-01-01T00:00:00Z", ""])
def test_an_instant_that_is_none_is_refused(fleet: Fleet, path: str, instant: str) -> None:
    assert pointers(refused(fleet.client.get(path, params={"as_of": instant}), 422)) == ["query/as_of"]
