"""Many hands on one asset: the constraint decides, and everybody gets an answer that is true."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

import httpx
import psycopg

from app.domains.assets.facts.locking import lock
from app.domains.assets.ledger import service as ledger
from app.domains.assets.ledger.schemas import AvailabilityStatement
from app.domains.assets.words import Availability
from tests.assets.conftest import Working
from tests.assets.timelines import check_periods, check_timeline
from tests.support.fleet import ORDERS, Fleet, Json, refused, soon
from tests.support.waiting import somebody_waits, wait_until

T = TypeVar("T")
NOON = datetime(2031, 5, 1, 12, tzinfo=UTC)


def at_once(work: Sequence[Callable[[], T]]) -> list[T]:
    """All of it at the same moment, a thread each; answers in the order given."""
    barrier = Barrier(len(work))

    def run(one: Callable[[], T]) -> T:
        barrier.wait(timeout=30)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def clients(fleet: Fleet, count: int) -> list[httpx.Client]:
    return [fleet.tenant.with_token(fleet.tenant.token) for _ in range(count)]


def post(client: httpx.Client, path: str, body: Json, **headers: str) -> Callable[[], httpx.Response]:
    return lambda: client.post(path, json=body, headers=headers)


def test_of_16_overlapping_reservations_one_wins_and_the_others_learn_why(
    fleet: Fleet, raw: psycopg.Connection
) -> None:
    asset = fleet.asset()
    bodies = [
        {
            "asset_id": asset["id"],
            "starts_at": (NOON + timedelta(minutes=3 * i)).isoformat(),
            "ends_at": (NOON + timedelta(minutes=3 * i + 60)).isoformat(),
        }
        for i in range(16)
    ]
    answers = at_once(
        [post(c, "/api/assets/reservations", b) for c, b in zip(clients(fleet, 16), bodies, strict=True)]
    )
    assert Counter(a.status_code for a in answers) == {201: 1, 409: 15}
    (won,) = [a.json() for a in answers if a.status_code == 201]
    for answer in answers:
        if answer.status_code == 409:
            problem = refused(answer, 409, "reservation_conflict")
            assert problem["conflict"] == {
                "starts_at": problem["conflict"]["starts_at"],
                "ends_at": problem["conflict"]["ends_at"],
                "kind": "RESERVATION",
            }
            window = [datetime.fromisoformat(problem["conflict"][edge]) for edge in ("starts_at", "ends_at")]
            assert window == [datetime.fromisoformat(won[edge]) for edge in ("starts_at", "ends_at")]
            assert datetime.fromisoformat(problem["next_free_at"]) == datetime.fromisoformat(won["ends_at"])
    fleet.reserve(asset, won["ends_at"], (NOON + timedelta(hours=4)).isoformat())
    check_timeline(raw, fleet.tenant.id)


def test_16_retries_with_one_key_make_one_row_and_one_answer(fleet: Fleet) -> None:
    asset = fleet.asset()
    body = {
        "asset_id": asset["id"],
        "starts_at": NOON.isoformat(),
        "ends_at": (NOON + timedelta(hours=1)).isoformat(),
    }
    key = {"Idempotency-Key": "one-booking"}
    answers = at_once([post(c, "/api/assets/reservations", body, **key) for c in clients(fleet, 16)])
    assert {(a.status_code, a.text) for a in answers} == {(201, answers[0].text)}
    assert [row["id"] for row in fleet.get("/api/assets/reservations")] == [answers[0].json()["id"]]
    assert sum("idempotency-replayed" in a.headers for a in answers) == 15


def test_of_updates_with_one_etag_one_wins(fleet: Fleet) -> None:
    asset = fleet.asset()

    def rename(client: httpx.Client, name: str) -> Callable[[], httpx.Response]:
        path = f"/api/assets/{asset['id']}"
        return lambda: client.patch(path, json={"name": name}, headers={"If-Match": '"1"'})

    answers = at_once([rename(c, f"name {i}") for i, c in enumerate(clients(fleet, 8))])
    assert Counter(a.status_code for a in answers) == {200: 1, 412: 7}
    (won,) = [a.json() for a in answers if a.status_code == 200]
    assert fleet.read(asset) == won
    assert {a.json()["current_version"] for a in answers if a.status_code == 412} == {2}


def test_an_asset_is_bound_to_one_of_two_drones(fleet: Fleet, raw: psycopg.Connection) -> None:
    drones = [fleet.drone()["id"] for _ in range(2)]
    for _ in range(3):
        asset = fleet.asset()
        path = f"/api/assets/{asset['id']}/bind"
        answers = at_once(
            [post(c, path, {"bound_to_drone_id": drones[i % 2]}) for i, c in enumerate(clients(fleet, 8))]
        )
        assert Counter(a.status_code for a in answers) == {200: 4, 409: 4}
        where = fleet.read(asset)["bound_to_drone_id"]
        assert {a.json()["bound_to_drone_id"] for a in answers if a.status_code == 200} == {where}
        assert {a.json()["code"] for a in answers if a.status_code == 409} == {"asset_installed_elsewhere"}
    check_periods(raw, fleet.tenant.id)


def test_no_asset_is_ever_bound_to_a_deleted_drone(fleet: Fleet) -> None:
    seen = Counter[tuple[int, int]]()
    for _ in range(6):
        asset, drone = fleet.asset(), fleet.drone()
        one, two = clients(fleet, 2)
        bound, deleted = at_once(
            [
                post(one, f"/api/assets/{asset['id']}/bind", {"bound_to_drone_id": drone["id"]}),
                lambda two=two, drone=drone: two.delete(f"/api/registry/drones/{drone['id']}"),  # type: ignore[misc]
            ]
        )
        seen[bound.status_code, deleted.status_code] += 1
        alive = fleet.client.get(f"/api/registry/drones/{drone['id']}").status_code == 200
        assert fleet.read(asset)["bound_to_drone_id"] == (drone["id"] if alive else None)
    assert set(seen) <= {(200, 409), (404, 204)}


def test_a_region_first_named_by_16_is_made_once(fleet: Fleet, raw: psycopg.Connection) -> None:
    bodies = [
        {"asset_type": "UAV", "asset_code": f"U-{i}", "name": "x", "region_code": "FRESH"} for i in range(16)
    ]
    answers = at_once([post(c, "/api/assets", b) for c, b in zip(clients(fleet, 16), bodies, strict=True)])
    assert Counter(a.status_code for a in answers) == {201: 16}, {a.text for a in answers if not a.is_success}
    assert [row["code"] for row in fleet.get("/api/assets/regions")] == ["FRESH"]
    made = raw.execute(
        "SELECT count(*) FROM event WHERE tenant_id = %s AND type = 'region.created'", (fleet.tenant.id,)
    ).fetchone()
    assert made == (1,)
    assert len(fleet.get("/api/assets", region_code="FRESH")) == 16


def test_work_and_reservations_meet_without_an_error_or_a_double_booking(
    fleet: Fleet, raw: psycopg.Connection
) -> None:
    asset = fleet.asset()
    orders = [fleet.order(asset, expected_end_at=soon(hours=3)) for _ in range(4)]

    def work(client: httpx.Client, order: Json) -> list[int]:
        path = f"{ORDERS}/{order['id']}"
        moves = [client.post(f"{path}/transition", json={"status": s}) for s in ("IN_PROGRESS", "OPEN")]
        return [*(a.status_code for a in moves), client.post(f"{path}/close", json={}).status_code]

    def book(client: httpx.Client, number: int) -> list[int]:
        codes = []
        for i in range(3):
            start = 10 * (number % 4) + 50 * i + 1
            body = {
                "asset_id": asset["id"],
                "starts_at": soon(minutes=start),
                "ends_at": soon(minutes=start + 30),
            }
            answer = client.post("/api/assets/reservations", json=body)
            codes.append(answer.status_code)
            if answer.status_code == 201 and i == 1:
                cancel = client.post(f"/api/assets/reservations/{answer.json()['id']}:cancel")
                codes.append(cancel.status_code)
        return codes

    def job(client: httpx.Client, order: Json) -> Callable[[], list[int]]:
        return lambda: work(client, order)

    def booking(client: httpx.Client, number: int) -> Callable[[], list[int]]:
        return lambda: book(client, number)

    crowd = clients(fleet, 12)
    crews = [job(c, o) for c, o in zip(crowd[:4], orders, strict=True)]
    answers = at_once(crews + [booking(c, i) for i, c in enumerate(crowd[4:])])
    assert answers[:4] == [[200, 200, 200]] * 4
    assert {code for codes in answers[4:] for code in codes} <= {200, 201, 409}
    check_timeline(raw, fleet.tenant.id, datetime.now(UTC))
    assert [r["at_risk"] for r in fleet.get("/api/assets/reservations", status="CONFIRMED")].count(True) == 0


def test_facts_are_dated_in_the_order_of_the_lock(
    fleet: Fleet, working: Working, raw: psycopg.Connection
) -> None:
    asset = fleet.asset(region_code="EAST")
    row: dict[str, Any] = {"availability_status": "IN_USE", "region_code": "NORTH"}
    with ThreadPoolExecutor(1) as pool:
        with working() as tx:
            locked = lock(tx, asset["id"])
            late = pool.submit(fleet.try_to, asset, "availability", **row)
            wait_until(lambda: somebody_waits(raw, "%FROM asset%FOR NO KEY UPDATE%"))
            tx.now = datetime.now(UTC)  # as of a request that began after the one that waits
            word = AvailabilityStatement(availability_status=Availability.UNAVAILABLE, region_code="WEST")
            ledger.state_availability(tx, locked.id, word)
        answer = late.result(timeout=30)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["availability_status"], answer.json()["region_code"]) == ("IN_USE", "NORTH")
    check_periods(raw, fleet.tenant.id)
    placed = raw.execute(
        "SELECT r.code, p.ends_at IS NULL FROM placement p JOIN region r USING (tenant_id)"
        " WHERE r.id = p.region_id AND p.asset_id = %s AND p.ends_at IS DISTINCT FROM p.starts_at"
        " ORDER BY p.starts_at",
        (asset["id"],),
    ).fetchall()
    assert placed == [("EAST", False), ("WEST", False), ("NORTH", True)]


def test_binding_and_unbinding_at_once_leaves_whole_periods(fleet: Fleet, raw: psycopg.Connection) -> None:
    asset, drone = fleet.asset(), fleet.drone()["id"]
    path = f"/api/assets/{asset['id']}"

    def swap(client: httpx.Client) -> list[httpx.Response]:
        pairs = [(f"{path}/bind", {"bound_to_drone_id": drone}), (f"{path}/unbind", {})] * 3
        return [client.post(where, json=body) for where, body in pairs]

    def swapping(client: httpx.Client) -> Callable[[], list[httpx.Response]]:
        return lambda: swap(client)

    answers = [a for done in at_once([swapping(c) for c in clients(fleet, 6)]) for a in done]
    assert {a.status_code for a in answers} <= {200, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"asset_not_bound"}
    check_periods(raw, fleet.tenant.id)
