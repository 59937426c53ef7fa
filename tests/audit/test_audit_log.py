"""`GET /api/audit`: who did what to what, with what was there before and after."""

from datetime import datetime, timedelta

from tests.events.spine import Counted, Painted, paint, seal_all, writing
from tests.support.server import Server
from tests.support.tenants import Tenant


def test_an_entry_tells_before_after_and_the_request(server: Server, tenant: Tenant) -> None:
    with writing(server.database, tenant.id) as tx:
        event_id = tx.emit(
            Painted(colour="red"), subject="asset:1", before={"colour": "grey"}, after={"colour": "red"}
        )
        request_id = tx.origin.request_id
    entry = tenant.client.get("/api/audit?limit=1").json()[0]
    assert entry["id"] == str(event_id)
    assert (entry["action"], entry["resource"]) == ("test.painted", "asset:1")
    assert (entry["before"], entry["after"]) == ({"colour": "grey"}, {"colour": "red"})
    assert entry["request_id"] == request_id
    assert entry["seq"] is None
    seal_all(server.database, tenant.id)
    sealed = tenant.client.get("/api/audit?limit=1").json()[0]
    assert sealed["seq"] == len(tenant.client.get("/api/audit").json())


def test_a_request_over_http_is_recorded_with_its_id_and_actor(tenant: Tenant) -> None:
    answer = tenant.client.post(
        "/api/identity/roles", json={"name": "painters", "permissions": ["assets.read"]}
    )
    assert answer.status_code == 201, answer.text
    found = tenant.client.get("/api/audit?action=identity.role.created&limit=1").json()[0]
    assert found["request_id"] == answer.headers["X-Request-ID"]
    assert found["actor"] == f"user:{tenant.admin_id}"
    assert found["resource"] == f"role:{answer.json()['id']}"


def test_the_filters_narrow_and_add_up(server: Server, tenant: Tenant) -> None:
    with writing(server.database, tenant.id) as tx:
        tx.emit(Painted(colour="red"), subject="asset:1")
        tx.emit(Counted(count=1), subject="asset:1")
        tx.emit(Painted(colour="red"), subject="asset:2", related=["asset:1"])

    def found(**params: str) -> list[tuple[str, str]]:
        answer = tenant.client.get("/api/audit", params=params)
        assert answer.status_code == 200, answer.text
        return sorted((entry["action"], entry["resource"]) for entry in answer.json())

    assert found(actor="system:test") == [
        ("test.counted", "asset:1"),
        ("test.painted", "asset:1"),
        ("test.painted", "asset:2"),
    ]
    assert found(resource="asset:1") == [("test.counted", "asset:1"), ("test.painted", "asset:1")]
    assert found(resource="asset:1", action="test.painted") == [("test.painted", "asset:1")]
    assert found(actor="user:nobody") == []


def test_a_span_of_time_includes_its_start_and_not_its_end(server: Server, tenant: Tenant) -> None:
    paint(server.database, tenant.id, "red")
    at = datetime.fromisoformat(tenant.client.get("/api/audit?limit=1").json()[0]["at"])
    later = (at + timedelta(microseconds=1)).isoformat()

    def count(**params: str) -> int:
        return len(tenant.client.get("/api/audit", params={"action": "test.painted", **params}).json())

    assert count(from_ts=at.isoformat(), to_ts=later) == 1
    assert count(from_ts=later) == 0
    assert count(to_ts=at.isoformat()) == 0


def test_newest_first_page_by_page(server: Server, tenant: Tenant) -> None:
    for colour in range(5):
        paint(server.database, tenant.id, str(colour))
    first = tenant.client.get("/api/audit?action=test.painted&limit=3")
    second = tenant.client.get(first.links["next"]["url"])
    assert [e["payload"]["colour"] for e in first.json() + second.json()] == ["4", "3", "2", "1", "0"]
    assert "next" not in second.links


def test_it_needs_its_permission_and_stays_in_its_tenant(
    server: Server, tenant: Tenant, rival: Tenant
) -> None:
    paint(server.database, tenant.id, "red")
    assert rival.client.get("/api/audit?action=test.painted").json() == []
    reader = tenant.as_user("events.read")
    assert reader.get("/api/audit").status_code == 403
    assert reader.get("/api/audit:verify").status_code == 403
    assert tenant.as_user("audit.read").get("/api/audit?action=test.painted").json() != []
