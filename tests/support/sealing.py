"""Sealing in a test: what the relay of a worker would do by itself."""

import time
from collections.abc import Sequence
from uuid import UUID

from app.kernel.db.engine import Database
from app.kernel.relay import Outlet, seal


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
