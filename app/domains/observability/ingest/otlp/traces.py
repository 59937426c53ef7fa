"""Traces: one TRACE signal a span, counted at the moment it ended."""

from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from app.domains.observability.ingest.otlp.attributes import (
    LONGEST_NAME,
    IdText,
    at_of,
    attributes_of,
    clean,
    service_of,
)
from app.domains.observability.ingest.record import Record
from app.domains.observability.words import Level, SignalType
from app.kernel.tx import WriteTx

_STATUS_CODES = ("http.response.status_code", "http.status_code")
_HIGHEST_STATUS = 99_999


def span_records(tx: WriteTx, request: ExportTraceServiceRequest, id_text: IdText) -> Iterator[Record]:
    for of_resource in request.resource_spans:
        service, resource = service_of(of_resource.resource)
        for of_scope in of_resource.scope_spans:
            scope = clean(of_scope.scope.name)
            for span in of_scope.spans:
                yield _record(tx, service, resource, scope, span, id_text)


def _record(
    tx: WriteTx, service: str, resource: dict[str, Any], scope: str, span: Span, id_text: IdText
) -> Record:
    attributes = attributes_of(span.attributes)
    name = clean(span.name).strip() or "span"
    detail: dict[str, Any] = {"attributes": attributes, "kind": Span.SpanKind.Name(span.kind)[10:].lower()}
    if resource:
        detail["resource"] = resource
    if scope:
        detail["scope"] = scope
    if span.parent_span_id:
        detail["parent_span_id"] = id_text(span.parent_span_id)
    if span.events:
        detail["events"] = [
            {"name": clean(event.name), "attributes": attributes_of(event.attributes)}
            for event in span.events
        ]
    if len(name) > LONGEST_NAME:
        detail["name"] = name
    took = span.end_time_unix_nano - span.start_time_unix_nano
    known = bool(span.end_time_unix_nano and span.start_time_unix_nano)
    return Record(
        at_of(span.end_time_unix_nano) or at_of(span.start_time_unix_nano) or tx.now,
        SignalType.TRACE,
        service,
        name[:LONGEST_NAME],
        level=Level.ERROR if span.status.code == Status.STATUS_CODE_ERROR else Level.INFO,
        trace_id=id_text(span.trace_id),
        span_id=id_text(span.span_id),
        status_code=_status(attributes),
        duration_ms=max(took, 0) / 1e6 if known else None,
        message=clean(span.status.message)[:500] or None,
        detail=detail,
    )


def _status(attributes: dict[str, Any]) -> int | None:
    for name in _STATUS_CODES:
        value = attributes.get(name)
        if isinstance(value, int) and 0 <= value <= _HIGHEST_STATUS:
            return value
    return None
