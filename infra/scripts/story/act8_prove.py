"""The record: one asset's life on one screen, the past as it was, tampering found, a rival who saw nothing."""

from datetime import datetime
from typing import Any

import psycopg

from story import sdk
from story.delivery import delivered
from story.stack import Stack
from story.world import DEAF, NO_STACK, World

TITLE = "Prove"
_ORDER = "asset.maintenance_workorder"
_EXPECTED = {
    "asset.registered",
    "asset.bound",
    "asset.health_updated",
    "reservation.made",
    f"{_ORDER}.created",
    f"{_ORDER}.status_changed",
    f"{_ORDER}.closed",
    "reservation.at_risk",
    "reservation.restored",
}


def play(world: World) -> None:
    part = world.facts.part
    _thread(world)
    _as_of(world)
    _verify(world)
    part("one altered row", 3, world.with_stack(lambda s: _tamper(world, s)), NO_STACK)
    _rival(world)
    _acknowledged(world)
    part("delivery of every event", 1, world.when_heard(lambda: delivered(world)), DEAF)
    part("the generated SDK", 2, sdk.part(world), sdk.MISSING)


def _thread(world: World) -> None:
    ref = f"asset:{world.remembered['uav']}"
    names = {f"user:{user['id']}": user["username"] for user in world.fleet.api.pages("/api/identity/users")}
    lines = world.fleet.api.pages("/api/thread", ref=ref)
    for line in lines:
        world.facts.say(f"      {_shown(line, names)}")
    types = [line["type"] for line in lines]
    holds = types[0] == "asset.registered" and set(types) >= _EXPECTED
    world.facts.fact("the thread of UAV-001", f"{len(lines)} lines, one screen", holds=holds)
    by = {line["type"]: line["correlation_id"] for line in reversed(lines)}  # the first of each
    holds = by["reservation.at_risk"] == by[f"{_ORDER}.status_changed"]
    holds = holds and by["reservation.restored"] == by[f"{_ORDER}.closed"] and all(by.values())
    came = "the work's beginning, and its end"
    world.facts.fact("what put the booking at risk, and what restored it", came, holds=holds)


def _shown(line: dict[str, Any], names: dict[str, str]) -> str:
    """A line of the thread with its cause: the event that led to it, or the request that began it."""
    cause = f"because of #{line['cause']['seq']} {line['cause']['type']}" if line["cause"] else "request"
    actor = names.get(line["actor"], line["actor"])
    at = datetime.fromisoformat(line["at"]).strftime("%H:%M:%S")
    return f"#{line['seq']!s:<4} {at}  {line['type']:<42} {actor:<6} {cause} …{line['correlation_id'][-6:]}"


def _as_of(world: World) -> None:
    path, during, before = "/api/assets", world.remembered["during"], world.remembered["before"]
    uav = world.remembered["uav"]
    for moment, at, status in (
        ("before the breakdown", before, "AVAILABLE"),
        ("during it", during, "MAINTENANCE"),
    ):
        then = world.fleet.api.get(f"{path}/{uav}", as_of=at)["availability_status"]
        world.facts.equal(f"UAV-001 ?as_of= {moment}", then, status)
    then = len(world.fleet.api.pages("/api/thread", ref=f"asset:{uav}", as_of=before))
    now = len(world.fleet.api.pages("/api/thread", ref=f"asset:{uav}"))
    world.facts.fact(
        "its thread ?as_of= before the breakdown", f"{then} of {now} lines", holds=0 < then < now
    )


def _verify(world: World) -> None:
    found = world.fleet.api.get("/api/audit:verify")
    came = f"verified, {found['checked']} links, head {found['head_hash'][:12]}…"
    world.facts.fact("GET /api/audit:verify", came, holds=found["verified"] and found["checked"] > 0)


def _tamper(world: World, stack: Stack) -> None:
    """A superuser lowers a priority in the record, and puts it back."""
    api, facts = world.fleet.api, world.facts
    ref = f"asset:{world.remembered['uav']}"
    entry = api.get("/api/audit", resource=ref, action="asset.health_updated")[0]
    change = (
        "UPDATE event SET payload = jsonb_set(payload, '{{health_score}}', '{score}')"
        " WHERE tenant_id = %(tenant)s AND id = %(id)s"
    )
    names = {"tenant": world.fleet.id, "id": entry["id"]}
    with psycopg.connect(stack.url("superuser_url"), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")  # past the trigger that refuses updates
        altered = superuser.execute(change.format(score=12), names).rowcount
        facts.equal("a superuser alters one row of the record", altered, 1)
        found = api.get("/api/audit:verify")
        named = found["first_mismatch"] or {}
        holds = (
            not found["verified"]
            and named.get("event_id") == entry["id"]
            and named.get("reason") == "altered"
        )
        facts.fact(
            "GET /api/audit:verify names it", f"#{named.get('seq')} {named.get('reason')}", holds=holds
        )
        superuser.execute(change.format(score=entry["payload"]["health_score"]), names)
    facts.equal("put back as it was", api.get("/api/audit:verify")["verified"], True)


def _rival(world: World) -> None:
    tally = world.rival.ask(world.foreign.api)
    came = ", ".join(f"{count} × {status}" for status, count in sorted(tally.items()))
    named = len(world.rival.named)
    world.facts.fact(
        f"the rival asked for what it saw named ({named} things)", came, holds=set(tally) == {404}
    )
    rows = world.rival.rows_seen(world.foreign.api)
    world.facts.equal("rows of ours in the rival's lists", rows, 0)


def _acknowledged(world: World) -> None:
    total, missing = len(world.ledger.requests), len(world.ledger.missing(world.fleet.api))
    world.facts.fact(
        f"{total} acknowledged writes in all, an audit row each", f"{missing} missing", holds=missing == 0
    )
