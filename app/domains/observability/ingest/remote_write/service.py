"""Storing what a Prometheus writes: one METRIC signal a sample, its labels kept with the series."""

import hashlib
import math
from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.domains.observability.ingest.errors import Undecodable
from app.domains.observability.ingest.items import Period
from app.domains.observability.ingest.quota import check_quota
from app.domains.observability.ingest.record import Record
from app.domains.observability.ingest.remote_write.wire import (
    MalformedError,
    Written,
    read_labels,
    read_request,
)
from app.domains.observability.ingest.series import Recent, SeriesName, is_stored, series_ids
from app.domains.observability.ingest.store import Earlier, chunked, open_batch
from app.domains.observability.signals.models import Protocol
from app.domains.observability.signals.preferences import preferences
from app.domains.observability.words import SignalType
from app.kernel.tx import WriteTx

MOST_LABELS = 100
_LONGEST_NAME = 120
_LONGEST_LABELS = 16_384
_NOTHING: dict[str, Any] = {}


class Known(NamedTuple):
    """A series by the bytes of its labels, as a process remembers it."""

    series_id: UUID
    service_name: str
    signal_name: str


class Outcome(NamedTuple):
    """`rejected` counts samples by the reason they were not stored for."""

    stored: int
    rejected: Counter[str]


_KNOWN: Recent[Known] = Recent(200_000)


def write(tx: WriteTx, raw: bytes) -> Outcome:
    """Store the samples of a request, once however often it comes. Raises `Undecodable` and `IngestBusy`."""
    try:
        series = [written for written in read_request(raw) if written.samples or written.histograms]
        rejected: Counter[str] = Counter()
        if not series:
            return Outcome(0, rejected)
        limits = preferences(tx)
        check_quota(tx, limits, patient=True)
        batch = open_batch(tx, Protocol.REMOTE_WRITE, hashlib.sha256(raw).digest())
        if isinstance(batch, Earlier):
            if batch.rejected_count:
                rejected["of an earlier delivery"] = batch.rejected_count
            return Outcome(batch.item_count, rejected)
        known = _names(tx, series, rejected)
    except MalformedError as error:
        raise Undecodable(f"The body is not a WriteRequest: {error}.") from error
    records = _records(series, known, Period(tx.now, limits), rejected)
    for chunk in chunked(records):
        batch.store(chunk)
    batch.close(sum(rejected.values()))
    return Outcome(batch.items, rejected)


def _names(tx: WriteTx, series: list[Written], rejected: Counter[str]) -> dict[bytes, Known]:
    """Every series' name and id by the bytes of its labels."""
    known: dict[bytes, Known] = {}
    new: dict[bytes, SeriesName] = {}
    for labels, samples, histograms in series:
        found = _KNOWN.get((tx.tenant_id, labels))
        if found is not None:
            known[labels] = found
        elif labels not in new:
            name = _name(labels)
            if isinstance(name, str):
                rejected[name] += len(samples) + histograms
            else:
                new[labels] = name
    ids = series_ids(tx, new.values())
    for labels, name in new.items():
        made = Known(ids[name.fingerprint()], name.service_name, name.signal_name)
        known[labels] = made
        if is_stored(tx, name):
            _KNOWN.put((tx.tenant_id, labels), made)
    return known


def _name(raw: bytes) -> SeriesName | str:
    """What the labels say, or why they can't be stored."""
    if len(raw) > _LONGEST_LABELS:
        return "labels too long"
    labels = read_labels(raw)
    name = labels.pop("__name__", "")
    if not name:
        return "without __name__"
    service = labels.get("job") or "prometheus"
    if len(name) > _LONGEST_NAME or len(service) > _LONGEST_NAME:
        return "name too long"
    if len(labels) > MOST_LABELS:
        return "too many labels"
    if b"\x00" in raw and any("\x00" in text for pair in labels.items() for text in (*pair, name, service)):
        return "NUL in a label"
    return SeriesName(service, name, None, labels)


def _records(
    series: list[Written], known: dict[bytes, Known], period: Period, rejected: Counter[str]
) -> list[Record]:
    made = []
    first, last = period.first.timestamp() * 1000, period.last.timestamp() * 1000
    for labels, samples, histograms in series:
        found = known.get(labels)
        if found is None:
            continue
        rejected["native histogram"] += histograms
        series_id, service, name = found
        for at, value in samples:
            if not first <= at <= last:
                rejected["out of time"] += 1
                continue
            finite = math.isfinite(value)
            made.append(
                Record(
                    datetime.fromtimestamp(at / 1000, UTC),
                    SignalType.METRIC,
                    service,
                    name,
                    numeric_value=value if finite else None,
                    detail=_NOTHING if finite else {"value": str(value)},
                    series_id=series_id,
                )
            )
    return made
