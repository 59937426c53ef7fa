"""Beside the work of one process: once a minute it stores what it says of itself as signals of one tenant."""

import os
import socket
import threading

import structlog

from app.domains.observability.ingest.schemas import SignalItem
from app.domains.observability.ingest.service import ingest_items
from app.domains.observability.platform_metrics import reading, rules
from app.domains.observability.platform_metrics.protection import measure_protection
from app.domains.observability.platform_metrics.reading import Sample, Totals
from app.domains.observability.platform_metrics.words import SERVICE, Role
from app.domains.observability.words import SignalType
from app.kernel.db.engine import Database
from app.kernel.jobs.engine import JobContext
from app.kernel.tx import WriteTx
from app.platform import identity
from app.settings import Settings

log = structlog.get_logger("hangar.observer")

EVERY_SECONDS = 60.0


class Observer:
    """`observe` is one round; `run` makes one every minute until `stop` is set, whatever a round meets with."""

    def __init__(self, database: Database, settings: Settings, role: Role) -> None:
        self._database = database
        self._tenant = settings.observed_tenant
        self._role = role
        self._before = reading.totals()
        self._instance = f"{socket.gethostname()}:{os.getpid()}"

    def run(self, stop: threading.Event, every: float = EVERY_SECONDS) -> None:
        while not stop.wait(every):
            try:
                self.observe()
            except Exception:
                log.exception("self_observation_failed", role=self._role)

    def observe(self) -> int:
        """Store one round's samples; how many. Nothing without a tenant to store them for.

        Raises what the database or the tenant's quota raises: this minute is then missing, and the next is whole.
        """
        now = reading.totals()
        before, self._before = self._before, now
        if self._role == "worker":
            measure_protection(self._database)
        tenant_id = identity.tenant_named(self._database, self._tenant) if self._tenant else None
        if tenant_id is None:
            return 0
        items = [self._item(sample) for sample in self._samples(before, now)]
        context = JobContext(self._database, tenant_id, "self-observation", self._instance)
        context.write(lambda tx: self._store(tx, items))
        return len(items)

    def _samples(self, before: Totals, now: Totals) -> list[Sample]:
        pool = [
            Sample("db.pool_in_use", self._database.in_use(), "1"),
            Sample("db.pool_size", self._database.size, "1"),
        ]
        own = reading.between(before, now) if self._role == "server" else reading.of_worker()
        return pool + own

    def _item(self, sample: Sample) -> SignalItem:
        labels = {"instance": self._instance, "process": self._role, **sample.labels}
        return SignalItem(
            signal_type=SignalType.METRIC,
            service_name=SERVICE,
            signal_name=sample.name,
            numeric_value=sample.value,
            unit=sample.unit,
            detail=labels,
        )

    def _store(self, tx: WriteTx, items: list[SignalItem]) -> None:
        ingest_items(tx, items, echo=False)
        if self._role == "worker":
            rules.evaluate(tx)
