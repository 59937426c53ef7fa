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
from app.kernel.relay import Outlet, Sealed, seal

log = structlog.get_logger("hangar.relay")

_SWEEP_SECONDS = 5.0
_REVISIT_SECONDS = 0.05
_REST_SECONDS = 5.0
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
        self._resting: dict[UUID, float] = {}
        self._next_sweep = 0.0

    def run(self, stop: threading.Event) -> None:
        """Raises `psycopg.OperationalError` when the server goes away; the supervisor starts the worker again."""
        with psycopg.connect(self._direct_url, autocommit=True) as listener:
            listener.execute(f"LISTEN {WAKE_CHANNEL}")
            while not stop.is_set():
                self._sweep()
                progress = self._seal_due()
                pause = 0.001 if progress else _REVISIT_SECONDS if self._due else _WAIT_SECONDS
                for note in listener.notifies(timeout=pause, stop_after=1):
                    self._due.setdefault(UUID(note.payload), time.monotonic())

    def _sweep(self) -> None:
        """Every tenant once in a while: a notification may have come while nobody listened."""
        if time.monotonic() < self._next_sweep:
            return
        self._next_sweep = time.monotonic() + _SWEEP_SECONDS
        for tenant_id in self._tenants():
            self._due.setdefault(tenant_id, time.monotonic())

    def _seal_due(self) -> bool:
        """One batch for every tenant in turn, so that a busy one keeps nobody waiting; whether to go on at once."""
        progress = False
        oldest = now = time.monotonic()
        for tenant_id, since in list(self._due.items()):
            result = self._seal(tenant_id)
            if not result.more:
                del self._due[tenant_id]
                continue
            progress = progress or result.count > 0
            oldest = min(oldest, since)
        OUTBOX_UNSEALED.set(len(self._due))
        OUTBOX_LAG.set(now - oldest)
        return progress

    def _seal(self, tenant_id: UUID) -> Sealed:
        """A tenant whose outlets fail rests a while and is tried again; the others go on."""
        if self._resting.get(tenant_id, 0.0) > time.monotonic():
            return Sealed(0, more=True)
        self._resting.pop(tenant_id, None)
        try:
            return seal(self._database, tenant_id, self._outlets)
        except Exception:
            log.exception("sealing_failed", tenant_id=str(tenant_id))
            self._resting[tenant_id] = time.monotonic() + _REST_SECONDS
            return Sealed(0, more=True)
