"""Order is given after the commit: nothing is skipped, nothing is numbered twice, there are no gaps."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from app.kernel.events.envelope import Envelope
from app.kernel.relay import _NEXT, _PENDING, seal
from app.kernel.relay_loop import Relay
from app.kernel.tx import WriteTx
from tests.events.spine import Painted, as_superuser, paint, seal_all, sealed, writing
from tests.support.server import Server
from tests.support.tenants import Tenant


def test_a_later_commit_with_a_smaller_id_is_never_skipped(server: Server, tenant: Tenant) -> None:
    seal_all(server.database, tenant.id)
    before = len(sealed(server.urls, tenant.id))
    with writing(server.database, tenant.id) as slow:
        first = slow.emit(Painted(colour="slow"), subject="asset:1")
        slow.finish()
        others = [paint(server.database, tenant.id, f"quick {n}")[0] for n in range(5)]
        assert all(first < other for other in others)
        waiting = seal(server.database, tenant.id, ())
        assert (waiting.count, waiting.more) == (0, True)
        assert len(sealed(server.urls, tenant.id)) == before
    assert seal_all(server.database, tenant.id) == 6
    assert sealed(server.urls, tenant.id)[before:] == list(enumerate([first, *others], before + 1))


def test_what_was_committed_before_an_open_transaction_began_is_sealed_at_once(
    server: Server, tenant: Tenant
) -> None:
    seal_all(server.database, tenant.id)
    early = paint(server.database, tenant.id, "early")[0]
    with writing(server.database, tenant.id) as open_:
        open_.emit(Painted(colour="late"), subject="asset:1")
        open_.finish()
        with psycopg.connect(server.urls.superuser_url) as conn:
            oldest = conn.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").fetchone()
            xid = conn.execute("SELECT xid FROM event WHERE id = %s", [early]).fetchone()
        done = seal(server.database, tenant.id, ())
        # Tests beside this one share the server, and their open transactions may be older still.
        assert oldest is not None
        assert xid is not None
        assert done.count == 1 or xid[0] >= oldest[0]
    assert seal_all(server.database, tenant.id) == 2 - done.count


def test_relays_at_the_same_time_number_every_event_once(server: Server, tenant: Tenant) -> None:
    seal_all(server.database, tenant.id)
    before = len(sealed(server.urls, tenant.id))
    written: list[UUID] = []
    stop = threading.Event()

    def relay() -> int:
        count = 0
        while not stop.is_set():
            count += seal(server.database, tenant.id, ()).count
        return count

    def write(writer: int) -> list[UUID]:
        return [paint(server.database, tenant.id, f"{writer}.{n}")[0] for n in range(25)]

    with ThreadPoolExecutor(8) as pool:
        relays = [pool.submit(relay) for _ in range(3)]
        for ids in pool.map(write, range(4)):
            written += ids
        stop.set()
        counts = [relay.result() for relay in relays]
    counts.append(seal_all(server.database, tenant.id))
    assert sum(counts) == 100
    places = sealed(server.urls, tenant.id)
    assert [seq for seq, _ in places] == list(range(1, before + 101))
    assert sorted(event_id for _, event_id in places[before:]) == sorted(written)


def test_a_failing_outlet_leaves_the_events_for_the_next_time(server: Server, tenant: Tenant) -> None:
    seal_all(server.database, tenant.id)
    before = sealed(server.urls, tenant.id)
    event_id = paint(server.database, tenant.id, "red")[0]
    got: list[UUID] = []

    def failing(tx: WriteTx, envelopes: Sequence[Envelope]) -> None:
        raise RuntimeError("no")

    def taking(tx: WriteTx, envelopes: Sequence[Envelope]) -> None:
        got.extend(event.id for event in envelopes)

    with pytest.raises(RuntimeError, match="no"):
        seal_all(server.database, tenant.id, [taking, failing])
    assert sealed(server.urls, tenant.id) == before
    got.clear()
    assert seal_all(server.database, tenant.id, [taking]) == 1
    assert got == [event_id]


def test_one_tenant_whose_outlet_fails_does_not_hold_up_another(
    server: Server, tenant: Tenant, rival: Tenant
) -> None:
    def failing_for_one(tx: WriteTx, envelopes: Sequence[Envelope]) -> None:
        if tx.tenant_id == tenant.id:
            raise RuntimeError("no")

    relay = Relay(server.database, server.urls.direct_url, list, [failing_for_one])
    stop = threading.Event()
    running = threading.Thread(target=relay.run, args=[stop])
    running.start()
    try:
        deadline = time.monotonic() + 30
        while not any(_is_painted(server, rival, colour) for colour in ("green",)):
            paint(server.database, tenant.id, "red")
            paint(server.database, rival.id, "green")
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        stop.set()
        running.join()
    assert not _is_painted(server, tenant, "red")


def _is_painted(server: Server, tenant: Tenant, colour: str) -> bool:
    with psycopg.connect(server.urls.superuser_url) as conn:
        found = conn.execute(
            "SELECT count(*) FROM event_seal s JOIN event e ON (e.tenant_id, e.id) = (s.tenant_id, s.event_id)"
            " WHERE s.tenant_id = %s AND e.payload->>'colour' = %s",
            [tenant.id, colour],
        ).fetchone()
    assert found is not None
    return bool(found[0])


def test_a_log_restored_into_a_younger_server_goes_on(server: Server, tenant: Tenant) -> None:
    """Its head names a transaction id that this server will only give out in years."""
    seal_all(server.database, tenant.id)
    before = sealed(server.urls, tenant.id)
    as_superuser(
        server.urls,
        "UPDATE event_head SET xid = xid + 1000000000 WHERE tenant_id = %(tenant)s",
        tenant=tenant.id,
    )
    after = paint(server.database, tenant.id, "red", "green")
    assert seal_all(server.database, tenant.id) == 2
    assert sealed(server.urls, tenant.id) == before + list(enumerate(after, len(before) + 1))
    assert seal_all(server.database, tenant.id) == 0


def test_looking_for_events_does_not_read_the_whole_table(server: Server, tenant: Tenant) -> None:
    paint(server.database, tenant.id, *map(str, range(3000)))
    seal_all(server.database, tenant.id)
    with psycopg.connect(server.urls.superuser_url, autocommit=True) as conn:
        conn.execute("ANALYZE event")
        conn.execute("ANALYZE event_head")
    names = {"tenant": tenant.id, "xid": 1, "id": tenant.id, "ahead": False}
    with psycopg.connect(server.urls.app_url) as conn:
        conn.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant.id)])
        for statement in (_PENDING, _NEXT):
            plan = "\n".join(line for (line,) in conn.execute("EXPLAIN " + statement, names))
            assert "Seq Scan on event " not in plan
            assert "ix_event_order" in plan
