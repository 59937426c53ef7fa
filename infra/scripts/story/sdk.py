"""A Python client generated from the running server's OpenAPI document, in a program of its own."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from story.world import World

MISSING = "for openapi-python-client is not installed here"
_AS_BYTES = dict.fromkeys(("application/x-ndjson", "application/x-protobuf"), "application/octet-stream")
_PROGRAM = """
import json, sys
from datetime import datetime
from uuid import UUID
from hangar_client import AuthenticatedClient
from hangar_client.api.reservations import create_reservation
from hangar_client.models import ReservationConflictProblem, ReservationCreate

url, token, asset, begins, ends = sys.argv[1:]
body = ReservationCreate(UUID(asset), datetime.fromisoformat(begins), datetime.fromisoformat(ends))
with AuthenticatedClient(base_url=url, token=token) as client:
    answer = create_reservation.sync(client=client, body=body)
match answer:
    case ReservationConflictProblem() as problem:
        told = [type(problem).__name__, problem.conflict.kind, problem.next_free_at.isoformat()]
    case other:
        told = [type(other).__name__]
print(json.dumps(told))
"""


def part(world: World) -> Callable[[], None] | None:
    """The facts about the SDK; None where the generator is missing (the image that is shipped)."""
    if importlib.util.find_spec("openapi_python_client") is None:
        return None
    return lambda: _play(world)


def _play(world: World) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        operations = _generate(world, folder)
        world.facts.fact(
            "openapi-python-client on /openapi.json", f"{operations} operations", holds=operations > 50
        )
        told = _catch(world, folder)
        came = ", ".join(told)
        world.facts.fact("it catches a double booking", came, holds=told[0] == "ReservationConflictProblem")


def _generate(world: World, folder: Path) -> int:
    """How many operations the generated client has."""
    document = folder / "openapi.json"
    document.write_bytes(world.fleet.api.send("GET", "/openapi.json").content)
    settings = folder / "config.json"
    settings.write_text(json.dumps({"post_hooks": [], "content_type_overrides": _AS_BYTES}))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += [
        "--path",
        str(document),
        "--output-path",
        str(folder / "hangar_client"),
        "--config",
        str(settings),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=120)
    return sum(1 for path in folder.glob("hangar_client/api/*/*.py") if path.name != "__init__.py")


def _catch(world: World, folder: Path) -> list[str]:
    booked = world.fleet.api.get(f"/api/assets/reservations/{world.remembered['reservation']}")
    arguments = [
        world.base_url,
        world.fleet.api.token,
        booked["asset_id"],
        booked["starts_at"],
        booked["ends_at"],
    ]
    command = [sys.executable, "-c", _PROGRAM, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, timeout=60)
    if done.returncode != 0:
        return [done.stderr.strip()[-300:]]
    told: list[str] = json.loads(done.stdout)
    return told
