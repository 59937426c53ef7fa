"""The relay's loop: wakes on NOTIFY, looks everywhere now and then, comes back for what was not finished yet."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import psycopg
import structlog

from app.kernel.db.engine import Database
from app.kernel.events.outbox import WAKE_CHANNEL
from app.kernel.obs.metrics import OUTBOX_LAG, OUTBOX_UNSEALED
from app.kernel.relay import Outlet, seal

log = structlog.get_logger("hangar.relay")

_SWEEP_SECONDS = 5.0
_REVISIT_SECONDS = 0.05
_WAIT_SECONDS = 0.5


class Relay:
    """Seals events of all tenants until `stop` is set. Several may run; each tenant is held by one at a time."""

    def __init__(
        self,
        database: Database,
        direct_url: str,
        tenants: Callable[[], Iterable[UUID]],
        outlets: Sequence[Outlet],
    ) -> None:
        self._database = database
        self._direct_url = direct_url
        self._tenants = tenants
        self._outlets = outlets
        self._due: dict[UUID, float] = {}
        self._next_sweep = 0.0

    def run(self, stop: threading.Event) -> None:
        """Raises `psycopg.OperationalError` when the server goes away; the supervisor starts the worker again."""
        with psycopg.connect(self._direct_url, autocommit=True) as listener:
            listener.execute(f"LISTEN {WAKE_CHANNEL}")
            while not stop.is_set():
                self._sweep()
                self._seal_due()
                pause = _REVISIT_SECONDS if self._due else _WAIT_SECONDS
                for note in listener.notifies(timeout=pause, stop_after=1):
                    self._due.setdefault(UUID(note.payload), time.monotonic())

    def _sweep(self) -> None:
        """Every tenant once in a while: a notification may have come while nobody listened."""
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + _SWEEP_SECONDS
        for tenant_id in self._tenants():
            self._due.setdefault(tenant_id, time.monotonic())

    def _seal_due(self) -> None:
        for tenant_id, since in list(self._due.items()):
            result = seal(self._database, tenant_id, self._outlets)
            while result.count and result.more:
                result = seal(self._database, tenant_id, self._outlets)
            if not result.more:
                del self._due[tenant_id]
            else:
                OUTBOX_LAG.set(time.monotonic() - since)
        OUTBOX_UNSEALED.set(len(self._due))
        if not self._due:
            OUTBOX_LAG.set(0)
