"""The core of reservations: one of two that overlap wins, the other learns what is in the way and what is free."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from tests.support.fleet import Fleet, pointers, refused, soon
from tests.support.tenants import Tenant

NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)


def at(hours: float) -> str:
    return (NOON + timedelta(hours=hours)).isoformat()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_reservation_is_made_read_and_canceled(fleet: Fleet) -> None:
    asset = fleet.asset()
    answer = fleet.try_reserve(asset, at(0), at(2), purpose="Line survey")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/api/assets/reservations/{made['id']}"
    assert (made["tenant_id"], made["asset_id"]) == (str(fleet.tenant.id), asset["id"])
    assert (moment(made["starts_at"]), moment(made["ends_at"])) == (NOON, NOON + timedelta(hours=2))
    assert (made["status"], made["at_risk"], made["purpose"]) == ("CONFIRMED", False, "Line survey")
    assert made["reserved_by"] == f"user:{fleet.tenant.admin_id}"
    assert fleet.reservation(made) == made
    canceled = fleet.tenant.post(f"/api/assets/reservations/{made['id']}:cancel")
    assert (canceled["status"], canceled["version"]) == ("CANCELED", 2)
    again = fleet.client.post(f"/api/assets/reservations/{made['id']}:cancel")
    refused(again, 409, "reservation_ended")
    fleet.reserve(asset, at(1), at(3))


@pytest.mark.parametrize(
    ("start", "end"), [(0, 2), (-1, 1), (1, 3), (0.5, 1.5), (-1, 3), (-1, 0.01), (1.99, 5)], ids=str
)
def test_an_overlapping_reservation_is_told_the_window_and_the_next_free_start(
    fleet: Fleet, start: float, end: float
) -> None:
    asset = fleet.asset()
    fleet.reserve(asset, at(0), at(2))
    problem = refused(fleet.try_reserve(asset, at(start), at(end)), 409, "reservation_conflict")
    window = problem["conflict"]
    assert (moment(window["starts_at"]), moment(window["ends_at"])) == (NOON, NOON + timedelta(hours=2))
    assert window["kind"] == "RESERVATION"
    assert moment(problem["next_free_at"]) == NOON + timedelta(hours=2)
    length = timedelta(hours=end - start)
    fleet.reserve(asset, problem["next_free_at"], (moment(problem["next_free_at"]) + length).isoformat())


def test_reservations_may_touch(fleet: Fleet) -> None:
    asset = fleet.asset()
    for start in (0, 1, -1):
        fleet.reserve(asset, at(start), at(start + 1))
    fleet.reserve(fleet.asset(), at(0), at(1))


def test_the_next_free_start_skips_gaps_that_are_too_short(fleet: Fleet) -> None:
    asset = fleet.asset()
    for start, end in ((0, 1), (1.5, 2), (4, 5)):
        fleet.reserve(asset, at(start), at(end))
    problem = refused(fleet.try_reserve(asset, at(0), at(1)), 409)
    assert moment(problem["next_free_at"]) == NOON + timedelta(hours=2)
    problem = refused(fleet.try_reserve(asset, at(0.5), at(3.5)), 409)
    assert moment(problem["next_free_at"]) == NOON + timedelta(hours=5)


def test_a_period_must_be_a_period(fleet: Fleet) -> None:
    asset = fleet.asset()
    for start, end in ((1, 1), (2, 1), (0, 24 * 367)):
        refused(fleet.try_reserve(asset, at(start), at(end)), 422)
    over = fleet.try_reserve(asset, soon(hours=-2), soon(hours=-1))
    assert pointers(refused(over, 422)) == ["#/ends_at"]
    for wrong in ("2031-05-01T12:00:00", "9999-01-01T00:00:00Z", "soon", None):
        answer = fleet.client.post(
            "/api/assets/reservations",
            json={"asset_id": asset["id"], "starts_at": wrong, "ends_at": at(1)},
        )
        assert "#/starts_at" in pointers(refused(answer, 422))
    answer = fleet.try_reserve(asset, at(0), at(1), colour="red")
    assert pointers(refused(answer, 422)) == ["#/colour"]
    assert fleet.get("/api/assets/reservations") == []


def test_an_asset_is_reserved_while_its_reservation_runs(fleet: Fleet) -> None:
    asset = fleet.asset()
    end = soon(hours=1)
    made = fleet.reserve(asset, soon(hours=-1), end)
    held = fleet.read(asset)
    assert held["availability_status"] == "RESERVED"
    assert moment(held["next_available_at"]) == moment(end)
    assert [reason["ref"] for reason in held["availability_reasons"]] == [f"reservation:{made['id']}"]
    fleet.tenant.post(f"/api/assets/reservations/{made['id']}:cancel")
    assert fleet.read(asset)["availability_status"] == "AVAILABLE"


def test_only_an_asset_in_service_is_reserved(tenant: Tenant, rival: Tenant) -> None:
    fleet = Fleet(tenant)
    gone = fleet.act(fleet.asset(), "retire", reason="gone")
    refused(fleet.try_reserve(gone, at(0), at(1)), 409, "asset_retired")
    for asset_id in (Fleet(rival).asset()["id"], str(uuid4())):
        refused(fleet.try_reserve({"id": asset_id}, at(0), at(1)), 404, "asset_not_found")


def test_unknown_and_foreign_reservations_are_404(tenant: Tenant, rival: Tenant) -> None:
    theirs = Fleet(rival)
    made = theirs.reserve(theirs.asset(), at(0), at(1))
    for reservation_id in (made["id"], str(uuid4())):
        path = f"/api/assets/reservations/{reservation_id}"
        refused(tenant.client.get(path), 404, "reservation_not_found")
        refused(tenant.client.post(f"{path}:cancel"), 404, "reservation_not_found")
    assert tenant.client.get("/api/assets/reservations").json() == []


def test_a_reservation_that_is_over_is_not_canceled(fleet: Fleet, raw: psycopg.Connection) -> None:
    made = fleet.reserve(fleet.asset(), soon(hours=-1), soon(hours=1))
    raw.execute("UPDATE asset_block SET ends_at = now() WHERE reservation_id = %s", (made["id"],))
    answer = fleet.client.post(f"/api/assets/reservations/{made['id']}:cancel")
    refused(answer, 409, "reservation_ended")


def test_the_list_is_earliest_first_and_filtered(fleet: Fleet) -> None:
    one, two = fleet.asset(), fleet.asset()
    late, early = fleet.reserve(one, at(10), at(12)), fleet.reserve(one, at(0), at(2))
    other, canceled = fleet.reserve(two, at(1), at(3)), fleet.reserve(two, at(5), at(6))
    fleet.tenant.post(f"/api/assets/reservations/{canceled['id']}:cancel")
    broken = fleet.reserve(two, soon(hours=1), soon(hours=2))
    fleet.act(two, ":ground", reason="crack", until=soon(hours=3))
    wanted = {
        (): [broken, early, other, canceled, late],
        (("asset_id", one["id"]),): [early, late],
        (("status", "CANCELED"),): [canceled],
        (("at_risk", "true"),): [broken],
        (("from_ts", at(2)),): [other, canceled, late],
        (("from_ts", at(2)), ("to_ts", at(5))): [other],
        (("sort", "-created_at"),): [broken, canceled, other, early, late],
    }
    for params, expected in wanted.items():
        found = fleet.get("/api/assets/reservations", **dict(params))
        assert [row["id"] for row in found] == [row["id"] for row in expected], params
