"""`signals:ingest`: a JSON array is stored whole or not at all, a stream of lines as far as its lines are good."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from app.domains.observability.ingest.items import Period, record_of
from app.domains.observability.ingest.lines import BadLine
from app.domains.observability.ingest.quota import check_quota
from app.domains.observability.ingest.record import Record
from app.domains.observability.ingest.schemas import IngestResult, ItemError, SignalItem
from app.domains.observability.ingest.store import LARGEST_CHUNK, Batch, open_batch
from app.domains.observability.signals.models import Protocol
from app.domains.observability.signals.preferences import preferences
from app.domains.observability.signals.schemas import SignalRead
from app.kernel.problem import FieldError, ValidationFailed
from app.kernel.tx import WriteTx

T = TypeVar("T")
MOST_ERRORS = 100


def ingest_items(tx: WriteTx, items: list[SignalItem], *, echo: bool) -> IngestResult:
    """Store all items. Raises `ValidationFailed` naming each that is out of time, and `QuotaExceeded`."""
    limits = preferences(tx)
    check_quota(tx, limits, patient=False)
    _check_times(items, Period(tx.now, limits))
    batch = _open(tx, Protocol.JSON)
    records = [record_of(item, tx.now) for item in items]
    ids = batch.store(records)
    batch.close()
    signals = [_read(tx, row_id, record) for row_id, record in zip(ids, records, strict=True)] if echo else []
    return IngestResult(accepted_count=len(items), rejected_count=0, signals=signals, errors=[])


def ingest_lines(tx: WriteTx, lines: Iterable[SignalItem | BadLine]) -> IngestResult:
    """Store the good lines, chunk by chunk in this transaction, and count the others.

    Raises `ValidationFailed` when there is no line at all, and `QuotaExceeded`.
    """
    limits = preferences(tx)
    check_quota(tx, limits, patient=False)
    period = Period(tx.now, limits)
    batch = _open(tx, Protocol.NDJSON)
    errors: list[ItemError] = []
    rejected = 0
    chunk: list[Record] = []
    for index, line in enumerate(lines):
        fault = (line.code, line.detail) if isinstance(line, BadLine) else _fault(line, period)
        if fault is not None:
            rejected += 1
            if len(errors) < MOST_ERRORS:
                errors.append(ItemError(index=index, code=fault[0], detail=fault[1]))
        elif isinstance(line, SignalItem):
            chunk.append(record_of(line, tx.now))
        if len(chunk) == LARGEST_CHUNK:
            batch.store(chunk)
            chunk = []
    if chunk:
        batch.store(chunk)
    if not batch.items and not rejected:
        raise ValidationFailed(
            errors=[FieldError(pointer="#", code="too_short", detail="The stream holds no line.")]
        )
    batch.close(rejected)
    return IngestResult(accepted_count=batch.items, rejected_count=rejected, signals=[], errors=errors)


def _open(tx: WriteTx, protocol: Protocol) -> Batch:
    """A batch without a digest is always a new one: two samples of one instant are two."""
    opened = open_batch(tx, protocol)
    if not isinstance(opened, Batch):
        raise TypeError(f"{protocol} claims no digest")
    return opened


def _fault(item: SignalItem, period: Period) -> tuple[str, str] | None:
    return None if item.occurred_at is None else period.fault(item.occurred_at)


def _check_times(items: list[SignalItem], period: Period) -> None:
    times = [item.occurred_at for item in items if item.occurred_at is not None]
    if not times or (period.fault(min(times)) is None and period.fault(max(times)) is None):
        return
    wrong = [
        FieldError(pointer=f"#/items/{index}/occurred_at", code=fault[0], detail=fault[1])
        for index, item in enumerate(items)
        if (fault := _fault(item, period)) is not None
    ]
    if wrong:
        fields = ", ".join(error.pointer for error in wrong[:MOST_ERRORS])
        raise ValidationFailed(f"Check {fields}.", errors=wrong[:MOST_ERRORS])


def _read(tx: WriteTx, row_id: UUID, record: Record) -> SignalRead:
    values = record._asdict()
    del values["series_id"]
    return SignalRead.model_construct(
        id=row_id,
        tenant_id=tx.tenant_id,
        created_by=tx.actor,
        created_at=record.occurred_at,
        **values,
    )
