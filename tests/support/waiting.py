"""Waiting on a condition instead of on time."""

import time
from collections.abc import Callable

import psycopg


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Ask until `condition` holds. Raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.01)


def somebody_waits(conn: psycopg.Connection, statement_like: str = "%") -> bool:
    """Whether a session of this database waits for a lock with such a statement. `conn` must be in autocommit."""
    found = conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        " AND query ILIKE %s",
        (statement_like,),
    ).fetchone()
    return found is not None and found[0] > 0
