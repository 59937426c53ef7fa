"""Breakdown beats a booking: what takes an asset down never fails, and says which reservations it breaks into."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app.domains.assets.timeline.jobs import extend_standing_blocks
from tests.assets.conftest import Working
from tests.assets.timelines import check_timeline
from tests.support.fleet import Fleet, Json, refused, soon


def events(conn: psycopg.Connection, fleet: Fleet, kind: str = "reservation.%") -> list[str]:
    """Types of the tenant's events so far, oldest first."""
    rows = conn.execute(
        "SELECT type FROM event WHERE tenant_id = %s AND type LIKE %s ORDER BY xid, id",
        (fleet.tenant.id, kind),
    )
    return [name for (name,) in rows]


def take_down(fleet: Fleet, asset: Json, how: str, until: str) -> None:
    if how == "grounding":
        fleet.act(asset, ":ground", reason="crack", until=until)
    elif how == "statement":
        fleet.act(asset, "availability", availability_status="IN_USE", until=until)
    else:
        fleet.move(fleet.order(asset, expected_end_at=until), "IN_PROGRESS")


def bring_back(fleet: Fleet, asset: Json, how: str) -> None:
    if how == "grounding":
        fleet.act(asset, ":release", note="checked")
    elif how == "statement":
        fleet.act(asset, "availability", availability_status="AVAILABLE")
    else:
        (order,) = fleet.get("/api/assets/maintenance/workorders", asset_id=asset["id"])
        fleet.close(order)


@pytest.mark.parametrize("how", ["grounding", "statement", "work"])
def test_what_takes_an_asset_down_puts_reservations_at_risk(
    fleet: Fleet, raw: psycopg.Connection, how: str
) -> None:
    asset = fleet.asset()
    touched = [fleet.reserve(asset, soon(hours=h), soon(hours=h + 1)) for h in (1, 3)]
    beyond = fleet.reserve(asset, soon(hours=6), soon(hours=7))
    take_down(fleet, asset, how, soon(hours=3.5))
    assert [fleet.reservation(made)["at_risk"] for made in (*touched, beyond)] == [True, True, False]
    assert Counter(events(raw, fleet)) == {"reservation.made": 3, "reservation.at_risk": 2}
    check_timeline(raw, fleet.tenant.id)
    bring_back(fleet, asset, how)
    assert [fleet.reservation(made)["at_risk"] for made in (*touched, beyond)] == [False] * 3
    assert Counter(events(raw, fleet))["reservation.restored"] == 2
    check_timeline(raw, fleet.tenant.id)


def test_a_reservation_at_risk_keeps_its_time_from_others(fleet: Fleet) -> None:
    asset = fleet.asset()
    fleet.reserve(asset, soon(hours=1), soon(hours=2))
    fleet.act(asset, "availability", availability_status="IN_USE", until=soon(minutes=70))
    problem = refused(fleet.try_reserve(asset, soon(minutes=90), soon(hours=3)), 409, "reservation_conflict")
    assert problem["conflict"]["kind"] == "RESERVATION"


@pytest.mark.parametrize(
    ("how", "kind"), [("grounding", "GROUNDING"), ("statement", "MANUAL"), ("work", "MAINTENANCE")]
)
def test_an_asset_that_is_down_is_not_reserved(fleet: Fleet, how: str, kind: str) -> None:
    asset, until = fleet.asset(), soon(hours=3)
    take_down(fleet, asset, how, until)
    problem = refused(fleet.try_reserve(asset, soon(hours=1), soon(hours=2)), 409, "reservation_conflict")
    assert problem["conflict"]["kind"] == kind
    free_at = datetime.fromisoformat(problem["next_free_at"])
    assert free_at == datetime.fromisoformat(until)
    fleet.reserve(asset, free_at.isoformat(), (free_at + timedelta(hours=1)).isoformat())


def test_a_reservation_is_whole_again_only_when_nothing_breaks_into_it(fleet: Fleet) -> None:
    asset = fleet.asset()
    made = fleet.reserve(asset, soon(hours=1), soon(hours=2))
    for how in ("grounding", "statement", "work"):
        take_down(fleet, asset, how, soon(hours=4))
    for how in ("statement", "work"):
        bring_back(fleet, asset, how)
        assert fleet.reservation(made)["at_risk"] is True
    bring_back(fleet, asset, "grounding")
    assert fleet.reservation(made)["at_risk"] is False


def test_a_standing_block_breaks_into_nothing_beyond_its_present_end(fleet: Fleet) -> None:
    asset = fleet.asset()
    made = fleet.reserve(asset, soon(days=3), soon(days=3, hours=1))
    take_down(fleet, asset, "grounding", soon(days=4))
    fleet.move(fleet.order(asset), "IN_PROGRESS")
    assert fleet.reservation(made)["at_risk"] is True
    bring_back(fleet, asset, "grounding")
    assert fleet.reservation(made)["at_risk"] is False
    assert fleet.read(asset)["availability_status"] == "MAINTENANCE"


def test_grounding_outranks_work_outranks_a_statement_outranks_a_reservation(fleet: Fleet) -> None:
    asset = fleet.asset()
    fleet.reserve(asset, soon(hours=-1), soon(hours=8))
    seen = [fleet.read(asset)["availability_status"]]
    for how in ("statement", "work", "grounding"):
        take_down(fleet, asset, how, soon(hours=4))
        seen.append(fleet.read(asset)["availability_status"])
    assert seen == ["RESERVED", "IN_USE", "MAINTENANCE", "UNAVAILABLE"]
    codes = {reason["code"] for reason in fleet.read(asset)["availability_reasons"]}
    assert codes == {"RESERVATION", "MANUAL", "MAINTENANCE", "GROUNDING"}


def test_changing_a_statement_tells_reservations_nothing(fleet: Fleet, raw: psycopg.Connection) -> None:
    asset = fleet.asset()
    fleet.reserve(asset, soon(minutes=1), soon(minutes=50))
    for word in ("IN_USE", "UNAVAILABLE", "IN_USE"):
        fleet.act(asset, "availability", availability_status=word)
    assert events(raw, fleet) == ["reservation.made", "reservation.at_risk"]
    fleet.act(asset, "availability", availability_status="AVAILABLE")
    assert events(raw, fleet)[2:] == ["reservation.restored"]


def test_handing_work_over_tells_reservations_nothing(fleet: Fleet, raw: psycopg.Connection) -> None:
    asset = fleet.asset()
    fleet.reserve(asset, soon(minutes=1), soon(minutes=50))
    order = fleet.order(asset, blocks_asset=True)
    fleet.move(order, "IN_PROGRESS")
    fleet.move(order, "IN_PROGRESS", assigned_to="admin")
    assert events(raw, fleet) == ["reservation.made", "reservation.at_risk"]
    assert [reason["code"] for reason in fleet.read(asset)["availability_reasons"]] == ["MAINTENANCE"]
    fleet.close(order)
    assert events(raw, fleet)[2:] == ["reservation.restored"]


def test_an_order_holds_its_asset_when_it_says_so(fleet: Fleet) -> None:
    for blocks, waiting, working in ((None, False, True), (True, True, True), (False, False, False)):
        asset = fleet.asset()
        order = fleet.order(asset, blocks_asset=blocks)
        assert order["blocks_asset"] is waiting
        assert fleet.move(order, "IN_PROGRESS")["blocks_asset"] is working
        held = "MAINTENANCE" if working else "AVAILABLE"
        assert fleet.read(asset)["availability_status"] == held
        assert fleet.move(order, "OPEN")["blocks_asset"] is waiting
        assert fleet.close(order)["blocks_asset"] is False
        assert fleet.read(asset)["availability_status"] == "AVAILABLE"


def test_releasing_needs_a_grounding_in_force(fleet: Fleet, raw: psycopg.Connection) -> None:
    asset = fleet.asset()
    refused(fleet.client.post(f"/api/assets/{asset['id']}:release", json={}), 409, "asset_not_grounded")
    fleet.act(asset, ":ground", reason="crack", until=soon(hours=1))
    raw.execute(
        "UPDATE asset_block SET starts_at = now() - interval '2 h', ends_at = now() WHERE asset_id = %s",
        (asset["id"],),
    )
    assert fleet.read(asset)["availability_status"] == "AVAILABLE"
    refused(fleet.client.post(f"/api/assets/{asset['id']}:release", json={}), 409, "asset_not_grounded")


def test_a_standing_block_is_extended_and_marks_only_what_it_newly_touches(
    fleet: Fleet, working: Working, raw: psycopg.Connection
) -> None:
    asset = fleet.asset()
    fleet.move(fleet.order(asset), "IN_PROGRESS")
    ends_at = _end(raw, asset)
    near, far = ((ends_at + timedelta(hours=h)) for h in (1, 5))
    hour = timedelta(hours=1)
    touched = fleet.reserve(asset, near.isoformat(), (near + hour).isoformat())
    untouched = fleet.reserve(asset, far.isoformat(), (far + hour).isoformat())
    with working(ends_at - timedelta(hours=1)) as tx:
        extend_standing_blocks(tx)
    assert _end(raw, asset) == ends_at
    with working(ends_at - timedelta(minutes=20)) as tx:
        extend_standing_blocks(tx)
        extend_standing_blocks(tx)
    assert _end(raw, asset) == ends_at + timedelta(hours=2)
    assert [fleet.reservation(made)["at_risk"] for made in (touched, untouched)] == [True, False]
    assert events(raw, fleet).count("reservation.at_risk") == 1
    check_timeline(raw, fleet.tenant.id)


def test_a_block_whose_time_is_over_is_ended_and_reservations_are_whole_again(
    fleet: Fleet, working: Working, raw: psycopg.Connection
) -> None:
    asset = fleet.asset()
    made = fleet.reserve(asset, soon(hours=1), soon(hours=6))
    until = soon(hours=2)
    fleet.act(asset, ":ground", reason="crack", until=until)
    assert fleet.reservation(made)["at_risk"] is True
    with working(datetime.now(UTC) + timedelta(hours=3)) as tx:
        extend_standing_blocks(tx)
    assert fleet.reservation(made)["at_risk"] is False
    assert events(raw, fleet)[-1] == "reservation.restored"
    ended = raw.execute(
        "SELECT ended_at FROM asset_block WHERE asset_id = %s AND kind = 'GROUNDING'", (asset["id"],)
    )
    assert ended.fetchone() == (datetime.fromisoformat(until),)
    check_timeline(raw, fleet.tenant.id)


def test_a_standing_block_that_nobody_extended_still_keeps_its_asset(
    fleet: Fleet, raw: psycopg.Connection
) -> None:
    asset = fleet.asset()
    fleet.act(asset, ":ground", reason="crack")
    raw.execute(
        "UPDATE asset_block SET starts_at = now() - interval '2 d', ends_at = now() - interval '1 d'"
        " WHERE asset_id = %s",
        (asset["id"],),
    )
    held = fleet.read(asset)
    assert (held["availability_status"], held["next_available_at"]) == ("UNAVAILABLE", None)
    assert fleet.pool() == []
    problem = refused(fleet.try_reserve(asset, soon(minutes=1), soon(hours=1)), 409, "reservation_conflict")
    assert problem["conflict"]["kind"] == "GROUNDING"
    free_at = datetime.fromisoformat(problem["next_free_at"])
    fleet.reserve(asset, free_at.isoformat(), (free_at + timedelta(hours=1)).isoformat())
    check_timeline(raw, fleet.tenant.id)


def _end(conn: psycopg.Connection, asset: Json) -> datetime:
    row = conn.execute(
        "SELECT ends_at FROM asset_block WHERE asset_id = %s AND kind = 'MAINTENANCE' AND active",
        (asset["id"],),
    ).fetchone()
    assert row is not None
    end: datetime = row[0]
    return end
