"""Storing an OTLP export request: once however often it comes, the good parts of it if not all are good."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from app.domains.observability.ingest.items import Period
from app.domains.observability.ingest.otlp.attributes import IdText
from app.domains.observability.ingest.otlp.logs import log_records
from app.domains.observability.ingest.otlp.metrics import metric_records
from app.domains.observability.ingest.otlp.traces import span_records
from app.domains.observability.ingest.quota import check_quota
from app.domains.observability.ingest.record import Record
from app.domains.observability.ingest.store import Earlier, chunked, open_batch
from app.domains.observability.signals.models import Protocol
from app.domains.observability.signals.preferences import preferences
from app.kernel.tx import WriteTx

Request = ExportMetricsServiceRequest | ExportLogsServiceRequest | ExportTraceServiceRequest


class Outcome(NamedTuple):
    """How many parts were rejected, and why the first was."""

    rejected: int
    reason: str


def store(tx: WriteTx, request: Request, raw: bytes, id_text: IdText) -> Outcome:
    """Store the request whose unpacked body is `raw`. Raises `IngestBusy`."""
    limits = preferences(tx)
    check_quota(tx, limits, patient=True)
    digest = hashlib.sha256(type(request).__name__.encode() + raw).digest()
    batch = open_batch(tx, Protocol.OTLP, digest)
    if isinstance(batch, Earlier):
        return Outcome(batch.rejected_count, "As answered to an earlier delivery of the same body.")
    period = Period(tx.now, limits)
    if isinstance(request, ExportMetricsServiceRequest):
        records, reasons = metric_records(tx, request, period)
    elif isinstance(request, ExportLogsServiceRequest):
        records, reasons = _in_time(log_records(tx, request, id_text), period)
    else:
        records, reasons = _in_time(span_records(tx, request, id_text), period)
    for chunk in chunked(records):
        batch.store(chunk)
    batch.close(len(reasons))
    return Outcome(len(reasons), reasons[0] if reasons else "")


def _in_time(records: Iterable[Record], period: Period) -> tuple[list[Record], list[str]]:
    good, reasons = [], []
    for record in records:
        fault = period.fault(record.occurred_at)
        if fault is None:
            good.append(record)
        else:
            reasons.append(fault[1])
    return good, reasons
