"""The rival: a tenant that asks for everything it can see named in another tenant's answers."""

import re

import httpx
from blackbox.api import Api

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WRITES_ON = 60
# Tried on the first things that were named: a write is a way of asking, too.
_WRITES: tuple[tuple[re.Pattern[str], str, dict[str, str]], ...] = (
    (re.compile(r"/api/assets/[^/]+$"), "/retire", {"reason": "mine now"}),
    (re.compile(r"/api/assets/[^/]+$"), "/health", {"health_status": "CRITICAL"}),
    (re.compile(r"/api/assets/maintenance/workorders/[^/]+$"), "/close", {}),
    (re.compile(r"/api/assets/reservations/[^/]+$"), ":cancel", {}),
)
_LISTS = (
    "/api/assets",
    "/api/assets/pool",
    "/api/assets/reservations",
    "/api/assets/maintenance/workorders",
    "/api/registry/drones",
    "/api/identity/users",
    "/api/identity/roles",
    "/api/webhooks",
    "/api/audit",
    "/api/events",
)


class Rival:
    """`observe` notes every resource that is named; `ask` tries them all."""

    def __init__(self) -> None:
        self.named: dict[str, None] = {}
        self.ids: set[str] = set()

    def observe(self, answer: httpx.Response) -> None:
        request = answer.request
        if request.method == "GET" and answer.status_code == 200 and _ID.search(request.url.path):
            self.named.setdefault(request.url.path)
        if location := answer.headers.get("Location"):
            self.named.setdefault(location)
        self.ids.update(_ID.findall(f"{request.url.path} {answer.headers.get('Location', '')}"))

    def ask(self, api: Api) -> dict[int, int]:
        """The tally: how often which status came back, reads first, then writes."""
        tally: dict[int, int] = {}
        for number, path in enumerate(list(self.named)):
            tried = [api.send("GET", path)]
            if number < _WRITES_ON:
                tried += [
                    api.send("POST", path + verb, body) for where, verb, body in _WRITES if where.match(path)
                ]
            for answer in tried:
                tally[answer.status_code] = tally.get(answer.status_code, 0) + 1
        return tally

    def rows_seen(self, api: Api) -> int:
        """Rows in any list of the rival that name one of the other tenant's ids."""
        rows = [row for path in _LISTS for row in api.pages(path)]
        return sum(1 for row in rows if self.ids & set(_ID.findall(str(row))))
