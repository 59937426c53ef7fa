"""Everything is killed under load, and a schema is migrated under load. Nothing acknowledged is lost."""

import time

from blackbox.api import Api
from blackbox.tenants import wait_ready
from blackbox.waiting import until

from story.delivery import delivered
from story.load import ORDERS, Load
from story.migrations import STEPS, Triplet
from story.stack import Stack
from story.world import DEAF, NO_STACK, World

TITLE = "Break it"
_MORE = 40  # writes acknowledged between two blows
_PATIENCE = 120.0
_KILLS = ("server", "worker", "postgres")


def play(world: World) -> None:
    part = world.facts.part
    part(
        "kill -9 of server, worker, PostgreSQL under load",
        8,
        world.with_stack(lambda s: _kills(world, s)),
        NO_STACK,
    )
    heard = world.when_heard(lambda: delivered(world))
    part("delivery after the kills", 1, heard if world.stack else None, NO_STACK if heard else DEAF)
    part("a migration triplet under load", 6, world.with_stack(lambda s: _triplet(world, s)), NO_STACK)


def _kills(world: World, stack: Stack) -> None:
    with Load(world.base_url, world.fleet.api.token, world.observers, "BLOW") as load:
        for name in _KILLS:
            _advance(load)
            _kill(world, stack, name, load)
        _advance(load)
    _present(world, load)
    _on_record(world, load)


def _advance(load: Load) -> None:
    """Wait until the load has got on, so that every blow falls into the middle of it."""
    target = load.acknowledged + _MORE
    until(
        lambda: load.acknowledged >= target or bool(load.wrong),
        _PATIENCE,
        f"{_MORE} more acknowledged writes",
    )


def _kill(world: World, stack: Stack, name: str, load: Load) -> None:
    interrupted, began = load.interrupted, time.monotonic()
    old = stack.kill(name)
    _works_again(world, stack, name, old)
    seconds = time.monotonic() - began
    came = f"works again after {seconds:.1f} s; {load.interrupted - interrupted} requests sent again"
    world.facts.fact(f"kill -9 {name} (pid {old})", came, holds=stack.pid(name) != old)


def _works_again(world: World, stack: Stack, name: str, old: int) -> None:
    """The server answers; the worker gives events their places."""
    api = world.fleet.api
    sealed = api.get("/api/audit:verify")["head_seq"] if name == "worker" else 0
    stack.wait_replaced(name, old)
    with Api(world.base_url) as anonymous:
        wait_ready(anonymous)
    if name == "worker":
        until(
            lambda: bool(api.get("/api/events", since_seq=sealed)),
            _PATIENCE,
            "events to get their places again",
        )


def _present(world: World, load: Load) -> None:
    api, facts = world.fleet.api, world.facts
    facts.fact(
        "refused or failed requests", f"{len(load.wrong)} {load.wrong[:2] or ''}", holds=not load.wrong
    )
    rows = [
        row for row in api.pages("/api/assets", asset_type="PAYLOAD") if row["asset_code"].startswith("BLOW-")
    ]
    there = {row["id"]: row["asset_code"] for row in rows}
    facts.fact(
        f"{len(load.assets)} assets acknowledged, each registered once",
        f"{len(rows)} there",
        holds=len(load.assets) > 0 and there == load.assets and len(rows) == len(load.assets),
    )
    closed = {row["id"] for row in api.pages(ORDERS, status="CLOSED")}
    missing = len(load.orders - closed)
    facts.fact(
        f"{len(load.orders)} work orders acknowledged closed", f"{missing} missing", holds=missing == 0
    )


def _on_record(world: World, load: Load) -> None:
    api, facts = world.fleet.api, world.facts
    missing = len(world.ledger.missing(api))
    total = len(world.ledger.requests)
    facts.fact(
        f"{total} acknowledged writes, an audit row each", f"{missing} missing", holds=missing == 0 < total
    )
    until(lambda: api.get("/api/audit:verify")["unsealed"] == 0, _PATIENCE, "every event to have its place")
    events = api.pages("/api/events")
    gapless = [event["seq"] for event in events] == list(range(1, len(events) + 1))
    lost = set(load.assets) - {event["payload"].get("asset_id") for event in events}
    came = f"{len(events)} in the log, {len(lost)} missing"
    facts.fact("an event each, in one order without gaps", came, holds=gapless and not lost)


def _triplet(world: World, stack: Stack) -> None:
    """A column comes to the table `asset` in three migrations, and goes, while this release serves."""
    facts = world.facts
    load = Load(world.base_url, world.fleet.api.token, world.observers, "STEP")
    ready = []
    with Triplet(stack.url("owner_url")) as triplet, load:
        for step in STEPS:
            _advance(load)
            before, began = load.requests, time.monotonic()
            told, done = triplet.run(step)
            meanwhile = f"{time.monotonic() - began:.1f} s, {load.requests - before} requests meanwhile"
            facts.fact(f"alembic, asset.story_label: {step}", f"{told}; {meanwhile}", holds=done)
            ready.append(world.fleet.api.send("GET", "/readyz").status_code)
        _advance(load)
    failed = load.interrupted + len(load.wrong)
    facts.fact(f"failed requests of {load.requests}", f"{failed} {load.wrong[:2] or ''}", holds=failed == 0)
    facts.equal(
        "GET /readyz after each step: a schema ahead of the release is ready", ready, [200] * len(STEPS)
    )
