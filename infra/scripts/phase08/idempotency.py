"""Idempotency: a request sent twice happens once; an update based on an old state does not happen."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
from blackbox.facts import Facts
from blackbox.tenants import Tenant

TWINS = 16
ASSET = {"asset_type": "BATTERY", "asset_code": "IDEM-1", "name": "Pack"}


def play(facts: Facts, ours: Tenant, theirs: Tenant) -> None:
    _replay(facts, ours, theirs)
    _twins(facts, ours)
    _precondition(facts, ours)


def _post(tenant: Tenant, body: dict[str, str], key: str) -> httpx.Response:
    return tenant.api.send("POST", "/api/assets", body, headers={"Idempotency-Key": key})


def _replay(facts: Facts, ours: Tenant, theirs: Tenant) -> None:
    first, second = _post(ours, ASSET, "key-1"), _post(ours, ASSET, "key-1")
    same = (second.status_code, second.json()) == (first.status_code, first.json())
    facts.fact("the same request with the same key", f"{second.status_code}, the first answer", holds=same)
    other = _post(ours, ASSET | {"name": "Another"}, "key-1")
    facts.equal("another body with this key", other.status_code, 422)
    facts.equal("without the key", ours.api.send("POST", "/api/assets", ASSET).status_code, 409)
    foreign = _post(theirs, ASSET, "key-1")
    holds = foreign.status_code == 201 and foreign.json()["id"] != first.json()["id"]
    facts.fact("B uses the same key", f"{foreign.status_code}, an asset of its own", holds=holds)


def _twins(facts: Facts, ours: Tenant) -> None:
    start = Barrier(TWINS)
    body = ASSET | {"asset_code": "IDEM-2"}

    def one(_: int) -> tuple[int, str]:
        start.wait()
        answer = _post(ours, body, "key-2")
        return answer.status_code, answer.json().get("id", answer.text)

    with ThreadPoolExecutor(TWINS) as pool:
        answers = set(pool.map(one, range(TWINS)))
    (status, _), *others = answers
    holds = status == 201 and not others
    facts.fact(f"{TWINS} clients at once with one key", f"{status}, {len(answers)} answer", holds=holds)
    made = [row for row in ours.api.pages("/api/assets") if row["asset_code"] == "IDEM-2"]
    facts.equal("rows made", len(made), 1)


def _precondition(facts: Facts, ours: Tenant) -> None:
    path = f"/api/identity/roles/{ours.role('etag', 'assets.read')}"
    tag = ours.api.send("GET", path).headers["ETag"]
    statuses = [
        ours.api.send("PATCH", path, {"description": text}, headers={"If-Match": tag}).status_code
        for text in ("first", "second")
    ]
    facts.equal("two updates with one ETag", statuses, [200, 412])
    facts.equal("what stands", ours.api.get(path)["description"], "first")
