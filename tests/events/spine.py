"""Writing and sealing events straight through the unit of work, as a domain would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg

from app.kernel.db.engine import Database, bind
from app.kernel.events.envelope import Event
from app.kernel.security.permissions import Permission
from app.kernel.security.principal import system
from app.kernel.tx import Origin, WriteTx
from tests.support.databases import Servers
from tests.support.sealing import seal_all

__all__ = ["ASSETS", "STOCK", "Counted", "Painted", "as_superuser", "paint", "seal_all", "sealed", "writing"]

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
