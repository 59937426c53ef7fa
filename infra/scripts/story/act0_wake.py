"""Two tenants wake up on a fresh server."""

from typing import Any

import httpx
from blackbox.api import Api
from blackbox.tenants import make_tenant, wait_ready
from blackbox.waiting import until

from story.receiver import Receiver
from story.world import DEAF, World

TITLE = "Wake"
_DELIVERED_WITHIN = 60.0
TEMPLATES = {
    "fleet-manager",
    "dispatcher",
    "technician",
    "planner",
    "auditor",
    "storage-operator",
    "ml-engineer",
}


def play(world: World) -> None:
    with Api(world.base_url) as anonymous:
        _ready(world, anonymous)
        _landing(world, anonymous)
    _tenants(world)
    _roles(world)
    _webhook(world)


def _ready(world: World, api: Api) -> None:
    waited = wait_ready(api)
    if world.stack is not None:
        world.facts.say(
            f"  cold start: a new data directory was ready after {world.stack.start_seconds():.1f} s"
        )
    else:
        world.facts.say(f"  warm: the server was running already, and ready after {waited:.1f} s")
    ready = api.get("/readyz")
    world.facts.fact("GET /readyz", f"{ready['status']} {ready['checks']}", holds=ready["status"] == "ready")


def _landing(world: World, api: Api) -> None:
    page = api.send("GET", "/", headers={"Accept": "text/html"})
    html = page.headers["content-type"].startswith("text/html") and "Hangar" in page.text
    world.facts.fact("the landing page, as a browser asks", f"{page.status_code} HTML", holds=html)
    links: dict[str, Any] = api.get("/")["links"]
    answers = {path: api.send("GET", path).status_code for path in links.values()}
    holds = all(status in {200, 303, 401} for status in answers.values())
    came = ", ".join(f"{path} {status}" for path, status in answers.items())
    world.facts.fact("every link on it, without signing in", came, holds=holds)


def _tenants(world: World) -> None:
    world.fleet = make_tenant(world.base_url, "Nordwind Survey", world.observers)
    world.foreign = make_tenant(world.base_url, "Rival Air")
    for tenant in (world.fleet, world.foreign):
        me = tenant.api.get("/api/identity/me")
        holds = me["principal"]["tenant_id"] == tenant.id and "*" in me["permissions"]
        world.facts.fact(
            f"tenant {tenant.name}", "its administrator signed in, may do everything", holds=holds
        )


def _roles(world: World) -> None:
    api = world.fleet.api
    keys = {template["key"] for template in api.get("/api/identity/role-templates")}
    world.facts.fact("role templates", f"{len(keys)}: {', '.join(sorted(keys))}", holds=keys >= TEMPLATES)
    role = api.post("/api/identity/roles:from-template", {"template_key": "dispatcher"})
    world.fleet.user("dora", role["id"])
    world.dispatcher = world.fleet.sign_in("dora")
    refused = world.dispatcher.send("POST", "/api/identity/users", {"username": "eve", "password": "x" * 12})
    world.facts.equal("Dora, made a dispatcher, makes a user", refused.status_code, 403)


def _webhook(world: World) -> None:
    """The receiver gets everything from here on; a server that may not call private addresses says so with 422."""
    world.receiver = Receiver(world.base_url)
    body = {"url": world.receiver.url, "event_types": ["*"], "description": "the story"}
    made = world.fleet.api.send("POST", "/api/webhooks", body)
    world.hears = made.status_code != 422
    world.facts.part("webhooks", 2, world.when_heard(lambda: _test_event(world, made)), DEAF)


def _test_event(world: World, made: httpx.Response) -> None:
    world.facts.equal(f"webhook {world.receiver.url} for every event", made.status_code, 201)
    world.receiver.trust(made.json()["secret"])
    test = world.fleet.api.post(f"/api/webhooks/{made.json()['id']}:test", wanted=202)["event_id"]
    seconds = until(lambda: test in world.receiver.events, _DELIVERED_WITHIN, "the test event to arrive")
    genuine = world.receiver.forged == 0
    world.facts.fact("its test event arrives, signed", f"after {seconds:.1f} s", holds=genuine)
    world.heard_since = world.receiver.events[test]["seq"]
