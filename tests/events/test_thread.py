"""`GET /api/thread`: the life of one object across domains, in order, each line with its cause."""

from datetime import UTC, datetime

import pytest

from tests.events.spine import Counted, Painted, paint, seal_all, writing
from tests.support.server import Server
from tests.support.tenants import Tenant


@pytest.fixture
def told(server: Server, tenant: Tenant) -> Tenant:
    """asset:1 is painted, which makes item:7 be counted, which is related to asset:1; item:8 is another story."""
    painted = paint(server.database, tenant.id, "red")[0]
    with writing(server.database, tenant.id, cause=painted) as tx:
        tx.emit(Counted(count=2), subject="item:7", related=["asset:1"])
        tx.emit(Counted(count=3), subject="item:8")
    seal_all(server.database, tenant.id)
    return tenant


def test_each_line_names_its_cause(told: Tenant) -> None:
    lines = told.client.get("/api/thread?ref=asset:1").json()
    assert [line["type"] for line in lines] == ["test.painted", "test.counted"]
    assert lines[0]["cause"] is None
    assert lines[1]["subject"] == "item:7"
    assert lines[1]["cause"] == {key: lines[0][key] for key in ("id", "seq", "type", "subject")}
    assert lines[0]["seq"] < lines[1]["seq"]


def test_a_subscriber_of_an_event_is_caused_by_it(server: Server, tenant: Tenant) -> None:
    with writing(server.database, tenant.id) as tx:
        first = tx.emit(Painted(colour="red"), subject="asset:2")
        tx._cause = first
        tx.emit(Counted(count=1), subject="asset:2")
    lines = tenant.client.get("/api/thread?ref=asset:2").json()
    assert lines[1]["cause"]["id"] == lines[0]["id"] == str(first)


def test_lines_and_causes_that_may_not_be_read_are_left_out(told: Tenant) -> None:
    counter = told.as_user("events.read", "warehouse.view")
    lines = counter.get("/api/thread?ref=asset:1").json()
    assert [line["type"] for line in lines] == ["test.counted"]
    assert lines[0]["cause"] is None
    assert "red" not in counter.get("/api/thread?ref=asset:1").text
    stranger = told.as_user("events.read")
    assert stranger.get("/api/thread?ref=asset:1").status_code == 404


def test_unknown_and_foreign_names_are_not_found(told: Tenant, rival: Tenant) -> None:
    assert told.client.get("/api/thread?ref=asset:none").status_code == 404
    assert rival.client.get("/api/thread?ref=asset:1").json()["code"] == "thread_not_found"
    assert told.client.get("/api/thread?ref=asset").status_code == 422
    assert told.client.get("/api/thread").status_code == 422


def test_as_of_ends_the_story_earlier(told: Tenant) -> None:
    lines = told.client.get("/api/thread?ref=asset:1").json()
    first = told.client.get("/api/thread", params={"ref": "asset:1", "as_of": lines[0]["at"]}).json()
    assert first == lines[:1]
    ancient = datetime(2001, 1, 1, tzinfo=UTC).isoformat()
    assert told.client.get("/api/thread", params={"ref": "asset:1", "as_of": ancient}).json() == []
    assert told.client.get("/api/thread?ref=asset:1&as_of=2001-01-01T00:00:00").status_code == 422


def test_what_was_just_committed_is_already_told(server: Server, told: Tenant) -> None:
    late = [str(event_id) for event_id in paint(server.database, told.id, "green", "blue")]
    lines = told.client.get("/api/thread?ref=asset:1").json()
    assert [line["id"] for line in lines[2:]] == late
    assert [line["seq"] for line in lines[2:]] == [None, None]
    paged = told.client.get("/api/thread?ref=asset:1&limit=3")
    rest = told.client.get(paged.links["next"]["url"]).json()
    assert paged.json() + rest == lines
