"""Writing and sealing events straight through the unit of work, as a domain would."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg

from app.kernel.db.engine import Database, bind
from app.kernel.events.envelope import Event
from app.kernel.relay import Outlet, seal
from app.kernel.security.permissions import Permission
from app.kernel.security.principal import system
from app.kernel.tx import Origin, WriteTx
from tests.support.databases import Servers

ASSETS = Permission("assets.read", "as in the product")
STOCK = Permission("warehouse.view", "as in the product")


class Painted(Event, type="test.painted", permission=ASSETS):
    """Something got a colour."""

    colour: str


class Counted(Event, type="test.counted", permission=STOCK):
    """Something was counted."""

    count: int


@contextmanager
def writing(database: Database, tenant_id: UUID, cause: UUID | None = None) -> Iterator[WriteTx]:
    """An open transaction of the tenant; commits at the end of the block."""
    with database.connect() as conn, conn.begin():
        principal = system(tenant_id, "test")
        bind(conn, tenant_id, principal.actor)
        request_id = uuid4().hex
        tx = WriteTx(conn, principal, Origin(request_id, request_id, cause))
        yield tx
        tx.finish()


def paint(database: Database, tenant_id: UUID, *colours: str, subject: str = "asset:1") -> list[UUID]:
    """One transaction with one event for each colour; returns their ids."""
    with writing(database, tenant_id) as tx:
        return [tx.emit(Painted(colour=colour), subject=subject) for colour in colours]


def seal_all(database: Database, tenant_id: UUID, outlets: Sequence[Outlet] = ()) -> int:
    """Seal until nothing is left; transactions of tests that run beside this one may delay it."""
    total, deadline = 0, time.monotonic() + 30
    while True:
        done = seal(database, tenant_id, outlets)
        total += done.count
        if not done.more:
            return total
        assert time.monotonic() < deadline, "an old transaction is still open"
        time.sleep(0.01)


def as_superuser(urls: Servers, statement: str, **values: Any) -> None:
    """Change rows behind the product's back: no triggers, no foreign keys, no row security."""
    with psycopg.connect(urls.superuser_url) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(statement, values)


def sealed(urls: Servers, tenant_id: UUID) -> list[tuple[int, UUID]]:
    """(seq, event id) of every seal, in order."""
    with psycopg.connect(urls.superuser_url) as conn:
        found = conn.execute(
            "SELECT seq, event_id FROM event_seal WHERE tenant_id = %s ORDER BY seq", [tenant_id]
        )
        return [(seq, event_id) for seq, event_id in found]
