"""Logs: one LOG signal a record. The name is the record's event name, else its scope's."""

from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from pydantic_core import to_json

from app.domains.observability.ingest.otlp.attributes import (
    LONGEST_NAME,
    IdText,
    at_of,
    attributes_of,
    clean,
    service_of,
    value_of,
)
from app.domains.observability.ingest.record import Record
from app.domains.observability.words import Level, SignalType
from app.kernel.tx import WriteTx

_LONGEST_MESSAGE = 500


def level_of(severity: int) -> Level:
    """OTLP's severity numbers: 1–8 trace and debug, 9–12 info, 13–16 warn, 17–24 error and fatal; 0 unknown."""
    if severity >= 17:
        return Level.ERROR
    if severity >= 13:
        return Level.WARN
    return Level.DEBUG if 1 <= severity <= 8 else Level.INFO


def log_records(tx: WriteTx, request: ExportLogsServiceRequest, id_text: IdText) -> Iterator[Record]:
    for of_resource in request.resource_logs:
        service, resource = service_of(of_resource.resource)
        for of_scope in of_resource.scope_logs:
            scope = clean(of_scope.scope.name).strip()
            for line in of_scope.log_records:
                yield _record(tx, service, resource, scope, line, id_text)


def _record(
    tx: WriteTx, service: str, resource: dict[str, Any], scope: str, line: LogRecord, id_text: IdText
) -> Record:
    body = value_of(line.body)
    text = body if isinstance(body, str) else to_json(body).decode() if body is not None else None
    detail: dict[str, Any] = {"attributes": attributes_of(line.attributes)}
    if resource:
        detail["resource"] = resource
    if scope:
        detail["scope"] = scope
    if line.severity_text:
        detail["severity_text"] = clean(line.severity_text)
    if text is not None and (text is not body or len(text) > _LONGEST_MESSAGE):
        detail["body"] = body
    name = clean(line.event_name).strip() or scope or "log"
    return Record(
        at_of(line.time_unix_nano) or at_of(line.observed_time_unix_nano) or tx.now,
        SignalType.LOG,
        service,
        name[:LONGEST_NAME],
        level=level_of(line.severity_number),
        trace_id=id_text(line.trace_id),
        span_id=id_text(line.span_id),
        message=text[:_LONGEST_MESSAGE] if text is not None else None,
        detail=detail,
    )
