"""OTLP/HTTP: what a stock OpenTelemetry SDK or collector exports to, with this prefix as its endpoint."""

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from starlette.responses import Response

from app.domains.observability.ingest.errors import IngestBusy, Undecodable, UnsupportedMediaType
from app.domains.observability.ingest.otlp import wire
from app.domains.observability.ingest.otlp.service import store
from app.domains.observability.ingest.unpack import PACKED_LIMIT
from app.domains.observability.permissions import TELEMETRY_WRITE
from app.kernel.api.routing import Router
from app.kernel.api.upload import Upload
from app.kernel.tx import WriteTx

router = Router("/api/observability/otlp/v1", tags=["Signals"])

_ROUTE: dict[str, Any] = {
    "permission": TELEMETRY_WRITE,
    "errors": [IngestBusy, Undecodable, UnsupportedMediaType],
    "consumes": {wire.PROTOBUF: None, wire.JSON: None},
    "max_body": PACKED_LIMIT,
    "limited": False,
    "basic": True,
    "on_problem": wire.on_problem,
    "responses": {200: {"description": "The response message of the protocol, in the request's encoding."}},
}


@router.post("/metrics", summary="OTLP metrics", **_ROUTE)
def export_otlp_metrics(body: Upload, tx: WriteTx) -> Response:
    """An `ExportMetricsServiceRequest`. Points that can't be stored are counted in `partial_success`.

    Errors are `google.rpc.Status` in the encoding of the request. A tenant over its quota gets 503.
    """
    request, raw = wire.read(body, ExportMetricsServiceRequest())
    rejected, reason = store(tx, request, raw, wire.id_text(body))
    made = ExportMetricsServiceResponse()
    if rejected:
        made.partial_success.rejected_data_points = rejected
        made.partial_success.error_message = reason
    return wire.answer(body, made)


@router.post("/logs", summary="OTLP logs", **_ROUTE)
def export_otlp_logs(body: Upload, tx: WriteTx) -> Response:
    """An `ExportLogsServiceRequest`. Records that can't be stored are counted in `partial_success`."""
    request, raw = wire.read(body, ExportLogsServiceRequest())
    rejected, reason = store(tx, request, raw, wire.id_text(body))
    made = ExportLogsServiceResponse()
    if rejected:
        made.partial_success.rejected_log_records = rejected
        made.partial_success.error_message = reason
    return wire.answer(body, made)


@router.post("/traces", summary="OTLP traces", **_ROUTE)
def export_otlp_traces(body: Upload, tx: WriteTx) -> Response:
    """An `ExportTraceServiceRequest`. Spans that can't be stored are counted in `partial_success`."""
    request, raw = wire.read(body, ExportTraceServiceRequest())
    rejected, reason = store(tx, request, raw, wire.id_text(body))
    made = ExportTraceServiceResponse()
    if rejected:
        made.partial_success.rejected_spans = rejected
        made.partial_success.error_message = reason
    return wire.answer(body, made)
