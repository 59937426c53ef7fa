"""Audit and events: every write above is on record once, in order, for its own tenant only, and nothing is altered."""

from blackbox.facts import Facts
from blackbox.tenants import Tenant
from blackbox.waiting import until

SEALED_WITHIN = 30.0


def play(facts: Facts, ours: Tenant, theirs: Tenant) -> None:
    asset = ours.api.post("/api/assets", {"asset_type": "DOCK", "asset_code": "REC-1", "name": "Dock"})
    sent = ours.api.send("POST", f"/api/assets/{asset['id']}/retire", {"reason": "for the record"})
    ref = f"asset:{asset['id']}"
    _audit(facts, ours, theirs, ref, sent.headers["X-Request-ID"])
    _events(facts, ours, theirs, ref)
    _chain(facts, ours)


def _audit(facts: Facts, ours: Tenant, theirs: Tenant, ref: str, request_id: str) -> None:
    entries = ours.api.get("/api/audit", resource=ref)
    facts.equal(
        "the audit of one asset, newest first", actions(entries), ["asset.retired", "asset.registered"]
    )
    facts.equal("by whom", entries[0]["actor"], f"user:{ours.admin_id}")
    facts.equal("with which request", entries[0]["request_id"], request_id)
    facts.fact("from what to what", entries[0]["after"], holds=entries[0]["before"] != entries[0]["after"])
    facts.equal("B asks for it", theirs.api.get("/api/audit", resource=ref), [])
    role = ours.api.get("/api/audit", action="identity.role.updated")
    facts.fact("changed roles are on record too", len(role), holds=len(role) > 0)


def _events(facts: Facts, ours: Tenant, theirs: Tenant, ref: str) -> None:
    until(
        lambda: len(ours.api.get("/api/events", subject=ref)) == 2, SEALED_WITHIN, "two events of the asset"
    )
    events = ours.api.pages("/api/events")
    seqs = [event["seq"] for event in events]
    facts.fact("the log of A", f"{len(seqs)} events", holds=seqs == list(range(1, len(seqs) + 1)))
    last = ours.api.get("/api/events", since_seq=seqs[-2])
    facts.equal("after the last but one", [event["seq"] for event in last], seqs[-1:])
    own = ours.api.get("/api/events", type="asset.retired")
    facts.equal("of one type", {event["type"] for event in own}, {"asset.retired"})
    lines = ours.api.get("/api/thread", ref=ref)
    facts.equal(
        "the thread of the asset", [line["type"] for line in lines], ["asset.registered", "asset.retired"]
    )
    facts.equal(
        "B asks for the thread", theirs.api.send("GET", "/api/thread", params={"ref": ref}).status_code, 404
    )
    clerk = ours.sign_in("dispatcher")
    types = {event["type"] for event in clerk.pages("/api/events")}
    hidden = not any(name.startswith("identity.") for name in types)
    facts.fact("a dispatcher sees no identity events", f"{len(types)} types", holds=hidden and len(types) > 0)


def _chain(facts: Facts, ours: Tenant) -> None:
    found = ours.api.get("/api/audit:verify")
    holds = found["verified"] and found["checked"] == found["head_seq"] > 0
    facts.fact(
        "the hash chain holds from the first event to the head", f"{found['checked']} links", holds=holds
    )


def actions(entries: list[dict[str, str]]) -> list[str]:
    return [entry["action"] for entry in entries]
