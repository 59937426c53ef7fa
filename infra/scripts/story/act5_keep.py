"""What is kept comes back: a backup, a drill that restores it, one flipped bit that fails the next drill."""

from typing import Any

from story.stack import Stack
from story.world import NO_STACK, World

TITLE = "Keep"
BACKUPS = "/api/observability/backups"


def play(world: World) -> None:
    run = _backup(world)
    passed = _drill(world, run)
    came = f"{passed['status']}, RTO {passed['actual_rto_seconds']:.1f} s, RPO {passed['rpo_seconds']:.1f} s"
    world.facts.fact("restore it into a scratch database", came, holds=passed["status"] == "PASSED")
    rows = f"{passed['row_count']} rows of {passed['table_count']} tables"
    world.facts.fact("each table has the content it had", rows, holds=passed["row_count"] == run["row_count"])
    world.facts.part("a flipped bit", 4, world.with_stack(lambda stack: _flip(world, stack, run)), NO_STACK)
    foreign = world.foreign.api.send("POST", f"{BACKUPS}/runs/{run['id']}:restore-drill", {})
    world.facts.equal("the rival wants to restore it", foreign.status_code, 404)


def _backup(world: World) -> dict[str, Any]:
    run: dict[str, Any] = world.fleet.api.post(f"{BACKUPS}:runs", {"run_type": "FULL"})
    came = f"{run['status']}, {run['row_count']} rows, {run['size_bytes']} bytes"
    world.facts.fact("back everything up", came, holds=run["status"] == "SUCCESS" and run["row_count"] > 0)
    return run


def _drill(world: World, run: dict[str, Any]) -> dict[str, Any]:
    drill: dict[str, Any] = world.fleet.api.post(f"{BACKUPS}/runs/{run['id']}:restore-drill", {})
    return drill


def _flip(world: World, stack: Stack, run: dict[str, Any]) -> None:
    facts, api = world.facts, world.fleet.api
    folder = stack.backups / world.fleet.id / run["storage_uri"].removeprefix("file:")
    file = max(folder.rglob("*.gz"), key=lambda path: path.stat().st_size)
    whole = file.read_bytes()
    file.write_bytes(_with_a_flipped_bit(whole))
    failed = _drill(world, run)
    facts.equal(f"one bit of {file.name} is flipped: the drill", failed["status"], "FAILED")
    facts.fact("and says why", failed["reason"], holds=failed["reason_code"] == "bytes_changed")
    (alert,) = api.get("/api/observability/alerts", source="BACKUP", status="OPEN")
    facts.equal("somebody is woken", alert["severity"], "P1")
    file.write_bytes(whole)
    _drill(world, run)
    closed = api.get(f"/api/observability/alerts/{alert['id']}")
    facts.equal("put back as it was, the next drill closes the alert", closed["status"], "CLOSED")


def _with_a_flipped_bit(whole: bytes) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
