"""`GET /api/events/stream`: replay and live without a gap, as long as the reader may read, at no one's expense."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from app.platform.events import stream
from tests.events.spine import Counted, paint, seal_all, writing
from tests.support.server import Server
from tests.support.tenants import Tenant


class Reader:
    """Frames of one stream, one at a time."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()
        self.last_id = ""

    def event(self) -> dict[str, Any]:
        """The next event; frames that only move the id, and comments, are passed over."""
        while True:
            for frame in self._frames():
                if "data" in frame:
                    event: dict[str, Any] = json.loads(frame["data"])
                    assert frame["id"] == str(event["seq"])
                    assert frame["event"] == event["type"]
                    return event

    def started(self) -> int:
        """Read up to the first place that the stream tells."""
        frame = next(self._frames())
        return int(frame["id"])

    def rest(self) -> list[dict[str, str]]:
        """Everything until the server ends the stream."""
        return list(self._frames())

    def _frames(self) -> Iterator[dict[str, str]]:
        frame: dict[str, str] = {}
        for line in self._lines:
            if line == "":
                self.last_id = frame.get("id", self.last_id)
                if frame:
                    yield frame
                frame = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                frame[name] = value


@contextmanager
def reading(client: httpx.Client, headers: dict[str, str] | None = None, **params: Any) -> Iterator[Reader]:
    with client.stream("GET", "/api/events/stream", params=params, headers=headers or {}) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Reader(response)


def test_events_arrive_as_they_happen(server: Server, tenant: Tenant) -> None:
    seal_all(server.database, tenant.id)
    with reading(tenant.client) as reader:
        assert reader.started() == len(tenant.client.get("/api/events").json())
        for colour in ("red", "green"):
            paint(server.database, tenant.id, colour)
            seal_all(server.database, tenant.id)
            assert reader.event()["payload"] == {"colour": colour}


def test_a_reader_that_comes_back_misses_nothing(server: Server, tenant: Tenant) -> None:
    ids = paint(server.database, tenant.id, "1", "2", "3")
    seal_all(server.database, tenant.id)
    with reading(tenant.client, since_seq=0, type="test.*") as reader:
        assert reader.event()["id"] == str(ids[0])
        reader.event()
        left_at = reader.last_id
    ids += paint(server.database, tenant.id, "4")
    seal_all(server.database, tenant.id)
    with reading(tenant.client, {"Last-Event-ID": left_at}, since_seq=0) as reader:
        assert [reader.event()["id"] for _ in range(2)] == [str(ids[2]), str(ids[3])]
        ids += paint(server.database, tenant.id, "5")
        seal_all(server.database, tenant.id)
        assert reader.event()["id"] == str(ids[4])


def test_a_long_replay_is_complete_and_in_order(server: Server, tenant: Tenant) -> None:
    count = stream.service.STREAM_BATCH * 2 + 50
    ids = paint(server.database, tenant.id, *map(str, range(count)))
    seal_all(server.database, tenant.id)
    with reading(tenant.client, since_seq=0, type="test.painted") as reader:
        assert [reader.event()["id"] for _ in range(count)] == [str(event_id) for event_id in ids]


def test_only_what_may_be_read_is_sent_and_the_place_moves_on(server: Server, tenant: Tenant) -> None:
    reader_only = tenant.as_user("events.read", "assets.read")
    seal_all(server.database, tenant.id)
    with reading(reader_only) as reader:
        start = reader.started()
        with writing(server.database, tenant.id) as tx:
            tx.emit(Counted(count=1), subject="item:1")
        paint(server.database, tenant.id, "red")
        seal_all(server.database, tenant.id)
        assert reader.event()["seq"] == start + 2
    assert reader_only.get("/api/events/stream", headers={"Last-Event-ID": "x"}).status_code == 422


def test_a_stream_ends_when_its_reader_loses_access(
    server: Server, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
    reader_only = tenant.as_user("events.read", "assets.read", username="reader")
    user = tenant.client.get("/api/identity/users?username=reader").json()[0]
    with reading(reader_only) as reader:
        reader.started()
        off = tenant.client.patch(f"/api/identity/users/{user['id']}", json={"is_active": False})
        assert off.status_code == 200, off.text
        paint(server.database, tenant.id, "secret")
        seal_all(server.database, tenant.id)
        assert all("data" not in frame for frame in reader.rest())


def test_streams_hold_neither_threads_nor_connections(server: Server, tenant: Tenant) -> None:
    """More streams than the process has threads, and requests are answered as ever."""
    many = server.settings.pool_size * 3
    limits = httpx.Limits(max_connections=many + 5)
    headers = {"Authorization": f"Bearer {tenant.token}"}
    seal_all(server.database, tenant.id)
    with ExitStack() as stack:
        client = stack.enter_context(
            httpx.Client(base_url=server.url, headers=headers, timeout=30, limits=limits)
        )
        readers = [stack.enter_context(reading(client)) for _ in range(many)]
        for reader in readers:
            reader.started()
        for _ in range(20):
            assert client.get("/api/identity/me").status_code == 200
        assert server.database.in_use() <= server.runtime.live.readers.total_tokens + 1
        event_id = str(paint(server.database, tenant.id, "red")[0])
        seal_all(server.database, tenant.id)
        assert {reader.event()["id"] for reader in readers} == {event_id}


def test_a_tenant_can_open_only_so_many(
    server: Server, tenant: Tenant, rival: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STREAMS_PER_TENANT", 1)
    with reading(tenant.client) as reader:
        reader.started()
        refused = tenant.client.get("/api/events/stream")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        assert refused.headers["Retry-After"] == "5"
        with reading(rival.client) as other:
            other.started()
    deadline = time.monotonic() + 10
    while stream._open_streams[tenant.id]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with reading(tenant.client) as again:
        again.started()


def test_a_broken_listening_connection_is_replaced(server: Server, tenant: Tenant) -> None:
    seal_all(server.database, tenant.id)
    with reading(tenant.client) as reader:
        reader.started()
        with psycopg.connect(server.urls.superuser_url, autocommit=True) as conn:
            killed = conn.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN %hangar_%'"
            ).fetchone()
        assert killed is not None
        assert killed[0] >= 1
        for colour in ("red", "green"):
            paint(server.database, tenant.id, colour)
            seal_all(server.database, tenant.id)
            assert reader.event()["payload"] == {"colour": colour}
