"""`GET /api/events` and its catalogue: in order, page by page, and only what the reader may read."""

from app.kernel.events.envelope import catalogue
from tests.events.spine import Counted, Painted, paint, seal_all, writing
from tests.support.server import Server
from tests.support.tenants import Tenant


def test_events_come_in_the_order_of_the_log(server: Server, tenant: Tenant) -> None:
    seal_all(server.database, tenant.id)
    head = tenant.client.get("/api/events?sort=-seq&limit=1").json()[0]["seq"]
    ids = paint(server.database, tenant.id, "red", "green", "blue")
    assert tenant.client.get(f"/api/events?since_seq={head}").json() == []
    seal_all(server.database, tenant.id)
    found = tenant.client.get(f"/api/events?since_seq={head}").json()
    assert [(e["seq"], e["id"]) for e in found] == list(enumerate(map(str, ids), head + 1))
    assert found[0]["type"] == "test.painted"
    assert found[0]["payload"] == {"colour": "red"}
    assert found[0]["actor"] == "system:test"


def test_pages_follow_one_another_without_gap_or_overlap(server: Server, tenant: Tenant) -> None:
    paint(server.database, tenant.id, *(f"{n}" for n in range(7)))
    seal_all(server.database, tenant.id)
    everything = [event["seq"] for event in tenant.client.get("/api/events").json()]
    seen: list[int] = []
    answer = tenant.client.get("/api/events?limit=3")
    while True:
        seen += [event["seq"] for event in answer.json()]
        if "next" not in answer.links:
            break
        answer = tenant.client.get(answer.links["next"]["url"])
    assert seen == everything == list(range(1, len(everything) + 1))


def test_a_type_a_family_and_a_subject_narrow_the_list(server: Server, tenant: Tenant) -> None:
    with writing(server.database, tenant.id) as tx:
        tx.emit(Painted(colour="red"), subject="asset:1", related=["paint:9"])
        tx.emit(Counted(count=2), subject="item:7", related=["asset:1"])
    seal_all(server.database, tenant.id)

    def types(**params: str) -> list[str]:
        answer = tenant.client.get("/api/events", params=params)
        assert answer.status_code == 200, answer.text
        return [event["type"] for event in answer.json()]

    assert types(type="test.painted") == ["test.painted"]
    assert types(type="test.*") == ["test.painted", "test.counted"]
    assert types(subject="asset:1") == ["test.painted"]
    assert types(subject="item:7", type="test.painted") == []
    assert types(type="no.such.type") == []


def test_a_reader_sees_only_types_it_has_the_permission_for(server: Server, tenant: Tenant) -> None:
    with writing(server.database, tenant.id) as tx:
        tx.emit(Painted(colour="red"), subject="asset:1")
        tx.emit(Counted(count=2), subject="item:7")
    seal_all(server.database, tenant.id)
    reader = tenant.as_user("events.read", "assets.read")
    assert {e["type"] for e in reader.get("/api/events?type=test.*").json()} == {"test.painted"}
    assert {e["type"].partition(".")[0] for e in reader.get("/api/events").json()} <= {"test"}
    assert reader.get("/api/events?type=test.counted").json() == []
    older_word = tenant.as_user("events.read", "warehouse.view")
    assert {e["type"] for e in older_word.get("/api/events").json()} == {"test.counted"}
    assert tenant.as_user("assets.read").get("/api/events").status_code == 403


def test_another_tenant_sees_nothing_of_it(server: Server, tenant: Tenant, rival: Tenant) -> None:
    ids = {str(event_id) for event_id in paint(server.database, tenant.id, "red")}
    seal_all(server.database, tenant.id)
    seal_all(server.database, rival.id)
    assert ids <= {event["id"] for event in tenant.client.get("/api/events").json()}
    assert ids.isdisjoint(event["id"] for event in rival.client.get("/api/events").json())


def test_the_catalogue_names_every_type_with_schema_and_permission(tenant: Tenant) -> None:
    found = {entry["type"]: entry for entry in tenant.client.get("/api/events/catalogue").json()}
    assert list(found) == list(catalogue())
    painted = found["test.painted"]
    assert painted["description"] == "Something got a colour."
    assert painted["permission"] == "assets.read"
    assert painted["payload_schema"]["properties"]["colour"]["type"] == "string"


def test_bad_parameters_are_named(tenant: Tenant) -> None:
    assert tenant.client.get("/api/events?since_seq=-1").status_code == 422
    assert tenant.client.get("/api/events?subject=nonsense").status_code == 422
    assert tenant.client.get("/api/events?kind=x").status_code == 400
    assert tenant.client.get("/api/events?cursor=AAAA").status_code == 400
