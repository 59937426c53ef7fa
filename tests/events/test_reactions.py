"""Subscribers that run as jobs: enqueued with the seal, run in the order of the log, again after a failure."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from app.kernel.jobs.engine import Job
from app.kernel.tx import WriteTx
from app.platform import events
from app.platform.events import reactions
from tests.events.spine import Counted, Painted, paint, seal_all, writing
from tests.events.workers import run_jobs_until
from tests.support.server import Server
from tests.support.tenants import Tenant

_seen: list[tuple[UUID, str, str]] = []


def _note(tx: WriteTx, event_id: str) -> None:
    event = events.read_event(tx, UUID(event_id))
    assert event is not None
    _seen.append((tx.tenant_id, event.subject, str(event.payload["colour"])))
    tx.emit(Counted(count=1), subject=event.subject)


NOTE = Job("test.note", run=_note)


@pytest.fixture(autouse=True)
def _reacting() -> Iterator[None]:
    events.react("test.painted", NOTE)
    yield
    del reactions._REACTIONS["test.painted"]
    _seen.clear()


def waiting(server: Server, tenant: Tenant) -> list[tuple[str, Any]]:
    with psycopg.connect(server.urls.superuser_url) as conn:
        found = conn.execute(
            "SELECT lock, args->>'event_id' FROM jobs.procrastinate_jobs"
            " WHERE task_name = 'test.note' AND args->>'tenant_id' = %s ORDER BY id",
            [str(tenant.id)],
        )
        return [(lock, event_id) for lock, event_id in found]


def test_a_reaction_is_enqueued_with_the_seal_and_only_for_its_type(server: Server, tenant: Tenant) -> None:
    ids = paint(server.database, tenant.id, "red", "green")
    with writing(server.database, tenant.id) as tx:
        tx.emit(Counted(count=1), subject="asset:1")
    assert waiting(server, tenant) == []
    seal_all(server.database, tenant.id, [events.enqueue_reactions])
    lock = f"{tenant.id}:test.note:asset:1"
    assert waiting(server, tenant) == [(lock, str(event_id)) for event_id in ids]


def test_a_seal_that_is_rolled_back_enqueues_nothing(server: Server, tenant: Tenant) -> None:
    paint(server.database, tenant.id, "red")

    def failing(tx: WriteTx, envelopes: Any) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        seal_all(server.database, tenant.id, [events.enqueue_reactions, failing])
    assert waiting(server, tenant) == []


def test_reactions_to_one_subject_run_in_the_order_of_the_log(server: Server, tenant: Tenant) -> None:
    colours = [str(n) for n in range(12)]
    with writing(server.database, tenant.id) as tx:
        for colour in colours:
            for subject in ("asset:1", "asset:2"):
                tx.emit(Painted(colour=colour), subject=subject)
    seal_all(server.database, tenant.id, [events.enqueue_reactions])
    # Jobs that other tests left waiting run too: count our own.
    run_jobs_until(lambda: sum(t == tenant.id for t, _, _ in _seen) == 2 * len(colours), server, [NOTE])
    for subject in ("asset:1", "asset:2"):
        assert [c for t, s, c in _seen if (t, s) == (tenant.id, subject)] == colours
