"""OTLP/HTTP from the OpenTelemetry SDK's own exporters, and from hands that mean no good."""

import gzip
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Status, StatusCode

from tests.support.tenants import Tenant

BASE = "/api/observability/otlp/v1"
PROTOBUF = {"Content-Type": "application/x-protobuf"}
RESOURCE = Resource.create({"service.name": "flight-control", "service.instance.id": "i-7"})


def auth(tenant: Tenant) -> dict[str, str]:
    return {"authorization": f"Bearer {tenant.token}"}


def url(tenant: Tenant, what: str) -> str:
    return f"{tenant.server.url}{BASE}/{what}"


def gauge(name: str = "altitude", value: float = 1.5, at: int | None = None) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name=name, unit="m")
    point = metric.gauge.data_points.add(as_double=value, time_unix_nano=at or time.time_ns())
    point.attributes.add(key="wing").value.string_value = "left"
    return request


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_sdk_exports_metrics(tenant: Tenant, rows: Any, compression: Compression) -> None:
    exporter = OTLPMetricExporter(
        endpoint=url(tenant, "metrics"),
        headers=auth(tenant),
        compression=compression,
        preferred_temporality={Counter: AggregationTemporality.DELTA},
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider(metric_readers=[reader], resource=RESOURCE)
    meter = provider.get_meter("nav")
    counter = meter.create_counter("jobs", unit="1")
    counter.add(3, {"kind": "survey"})
    counter.add(2, {"kind": "rescue"})
    meter.create_up_down_counter("queue").add(4)
    histogram = meter.create_histogram("latency", unit="ms", explicit_bucket_boundaries_advisory=[5, 10])
    for value in (1, 7, 70):
        histogram.record(value)
    assert provider.force_flush()
    provider.shutdown()
    found = {(row["signal_name"], row["labels"].get("kind")): row for row in rows()}
    assert len(found) == 4
    assert {row["service_name"] for row in found.values()} == {"flight-control"}
    assert {row["signal_type"] for row in found.values()} == {"METRIC"}
    survey, rescue = found["jobs", "survey"], found["jobs", "rescue"]
    assert (survey["numeric_value"], rescue["numeric_value"], survey["unit"]) == (3.0, 2.0, "1")
    assert survey["labels"]["__temporality__"] == "delta"
    assert survey["labels"]["service.instance.id"] == "i-7"
    assert survey["labels"]["otel.scope.name"] == "nav"
    queue = found["queue", None]
    assert (queue["numeric_value"], queue["labels"]["__temporality__"]) == (4.0, "cumulative")
    latency = found["latency", None]
    assert latency["numeric_value"] == 78.0
    detail = latency["detail"]
    assert (detail["count"], detail["sum"], detail["min"], detail["max"]) == (3, 78, 1, 70)
    assert (detail["bounds"], detail["counts"]) == ([5, 10], [1, 1, 1])


def test_the_sdk_exports_logs(tenant: Tenant, rows: Any) -> None:
    provider = LoggerProvider(resource=RESOURCE)
    exporter = OTLPLogExporter(endpoint=url(tenant, "logs"), headers=auth(tenant))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger("autopilot")
    for severity in (SeverityNumber.TRACE, SeverityNumber.INFO, SeverityNumber.WARN2, SeverityNumber.FATAL):
        logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                severity_number=severity,
                body=f"at {severity.name}\x00",
                attributes={"rotor": 3, "n\x00ul": ["a", 1.5]},
            )
        )
    assert provider.force_flush()
    provider.shutdown()
    found = rows()
    assert [(row["level"], row["message"]) for row in found] == [
        ("DEBUG", "at TRACE\ufffd"),
        ("INFO", "at INFO\ufffd"),
        ("WARN", "at WARN2\ufffd"),
        ("ERROR", "at FATAL\ufffd"),
    ]
    assert {(row["signal_type"], row["signal_name"], row["service_name"]) for row in found} == {
        ("LOG", "autopilot", "flight-control")
    }
    assert found[0]["detail"]["attributes"]["rotor"] == 3


def test_the_sdk_exports_spans(tenant: Tenant, rows: Any) -> None:
    provider = TracerProvider(resource=RESOURCE)
    exporter = OTLPSpanExporter(endpoint=url(tenant, "traces"), headers=auth(tenant))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("http")
    begun = time.time_ns() - 250_000_000
    with tracer.start_as_current_span("GET /", start_time=begun, end_on_exit=False) as parent:
        parent.set_attribute("http.response.status_code", 503)
        parent.set_status(Status(StatusCode.ERROR, "no lift"))
        with tracer.start_as_current_span("query") as child:
            child.add_event("retried", {"times": 2})
    parent.end(end_time=begun + 123_500_000)
    provider.shutdown()
    outer, inner = rows()
    assert (outer["signal_name"], outer["level"], outer["status_code"]) == ("GET /", "ERROR", 503)
    assert (outer["duration_ms"], outer["message"]) == (123.5, "no lift")
    assert (inner["signal_name"], inner["level"], inner["status_code"]) == ("query", "INFO", None)
    context = parent.get_span_context()
    assert outer["trace_id"] == inner["trace_id"] == f"{context.trace_id:032x}"
    assert inner["detail"]["parent_span_id"] == outer["span_id"] == f"{context.span_id:016x}"
    assert inner["detail"]["events"] == [{"name": "retried", "attributes": {"times": 2}}]


def test_json_is_the_same_request_in_another_coat(tenant: Tenant, rows: Any) -> None:
    span = {
        "traceId": "5B8EFFF798038103D269B633813FC60C",
        "spanId": "EEE19B7EC3C1B174",
        "name": "json",
        "kind": 2,
        "startTimeUnixNano": str(time.time_ns() - 5_000_000),
        "endTimeUnixNano": str(time.time_ns()),
        "unknownField": 1,
    }
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]}
    body = {"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": [span]}]}]}
    answer = tenant.client.post(f"{BASE}/traces", json=body)
    assert (answer.status_code, answer.json()) == (200, {})
    (row,) = rows()
    assert (row["trace_id"], row["span_id"]) == (span["traceId"].lower(), span["spanId"].lower())  # type: ignore[attr-defined]
    assert (row["service_name"], row["detail"]["kind"]) == ("web", "server")


def test_a_retried_body_is_stored_once_one_after_another_and_all_at_once(tenant: Tenant, rows: Any) -> None:
    first, second = gauge("one").SerializeToString(), gauge("two").SerializeToString()
    for packed in (first, gzip.compress(first, mtime=1), gzip.compress(first, mtime=2)):
        coding = {} if packed is first else {"Content-Encoding": "gzip"}
        answer = tenant.client.post(f"{BASE}/metrics", content=packed, headers=PROTOBUF | coding)
        assert answer.status_code == 200, answer.text
    assert len(rows()) == 1
    gate = threading.Barrier(8)

    def send(_: int) -> int:
        with httpx.Client(base_url=tenant.server.url, headers=auth(tenant), timeout=30) as client:
            gate.wait()
            return client.post(f"{BASE}/metrics", content=second, headers=PROTOBUF).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == [200] * 8
    assert [row["signal_name"] for row in rows()] == ["one", "two"]


def test_the_same_body_of_another_tenant_is_another(tenant: Tenant, rival: Tenant) -> None:
    body = gauge().SerializeToString()
    for one in (tenant, rival):
        assert one.client.post(f"{BASE}/metrics", content=body, headers=PROTOBUF).status_code == 200
        assert len(one.client.get("/api/observability/signals").json()) == 1


def test_after_the_window_the_same_body_is_news(tenant: Tenant, rows: Any) -> None:
    body = gauge().SerializeToString()
    assert tenant.client.post(f"{BASE}/metrics", content=body, headers=PROTOBUF).status_code == 200
    with psycopg.connect(tenant.server.urls.superuser_url) as admin:
        admin.execute(
            "UPDATE signal_batch SET received_at = received_at - interval '16 minutes' WHERE tenant_id = %s",
            (tenant.id,),
        )
    assert tenant.client.post(f"{BASE}/metrics", content=body, headers=PROTOBUF).status_code == 200
    assert len(rows()) == 2


def test_bad_points_are_counted_and_the_good_ones_stored(tenant: Tenant, rows: Any) -> None:
    request = gauge()
    for bad in (gauge("x" * 121), gauge(at=1), gauge(at=time.time_ns() + 3_600_000_000_000)):
        request.MergeFrom(bad)
    request.MergeFrom(gauge("nan", float("nan")))
    for _ in range(2):  # and again to the same body
        answer = tenant.client.post(f"{BASE}/metrics", content=request.SerializeToString(), headers=PROTOBUF)
        assert answer.headers["content-type"] == "application/x-protobuf"
        partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
        assert (answer.status_code, partial.rejected_data_points) == (200, 3)
        assert partial.error_message
    assert [(row["signal_name"], row["numeric_value"], row["detail"]) for row in rows()] == [
        ("altitude", 1.5, {}),
        ("nan", None, {"value": "nan"}),
    ]


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400, 3),
        (gauge().SerializeToString()[:-3], PROTOBUF, 400, 3),
        (b"{", {"Content-Type": "application/json"}, 400, 3),
        (b'{"resourceMetrics": 7}', {"Content-Type": "application/json"}, 400, 3),
        (b"no gzip", PROTOBUF | {"Content-Encoding": "gzip"}, 400, 3),
        (gzip.compress(gauge().SerializeToString())[:-9], PROTOBUF | {"Content-Encoding": "gzip"}, 400, 3),
        (gzip.compress(b"\x00" * (65 << 20)), PROTOBUF | {"Content-Encoding": "gzip"}, 413, 8),
        (b"x" * (17 << 20), PROTOBUF, 413, 8),
        (b"", {"Content-Type": "text/plain"}, 415, 3),
        (b"", PROTOBUF | {"Content-Encoding": "br"}, 415, 3),
        (b"", PROTOBUF | {"Authorization": "Bearer nonsense"}, 401, 16),
    ],
    ids=[
        "no protobuf", "half a message", "no JSON", "wrong JSON", "no gzip", "half a gzip", "gzip bomb", "too long",
        "text", "brotli", "wrong token",
    ],
)  # fmt: skip
def test_errors_are_a_status_in_the_encoding_of_the_request(
    tenant: Tenant, rows: Any, content: bytes, headers: dict[str, str], status: int, code: int
) -> None:
    answer = tenant.client.post(f"{BASE}/metrics", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    if headers["Content-Type"] == "application/json":
        assert answer.json()["code"] == code
        assert answer.json()["message"]
    elif headers["Content-Type"] == "text/plain":
        assert answer.json()["code"] == "unsupported_media_type"
    else:
        assert answer.content[:2] == bytes([8, code])
        assert answer.content[2] == 0x12
    assert rows() == []


def test_a_full_quota_is_503_so_that_nobody_drops_the_batch(tenant: Tenant, rows: Any) -> None:
    assert tenant.client.put("/api/observability/signals/settings", json={"items_per_second": 1}).is_success
    for number in range(10):
        body = gauge(f"g{number}").SerializeToString()
        assert tenant.client.post(f"{BASE}/metrics", content=body, headers=PROTOBUF).status_code == 200
    late = tenant.client.post(f"{BASE}/metrics", content=gauge("late").SerializeToString(), headers=PROTOBUF)
    assert late.status_code == 503
    assert int(late.headers["Retry-After"]) > 0
    assert late.content[:2] == bytes([8, 14])
    assert len(rows()) == 10


def test_an_empty_request_is_a_success(tenant: Tenant) -> None:
    for what in ("metrics", "logs", "traces"):
        assert tenant.client.post(f"{BASE}/{what}", content=b"", headers=PROTOBUF).status_code == 200
        answer = tenant.client.post(
            f"{BASE}/{what}", content=b"{}", headers={"Content-Type": "application/json"}
        )
        assert json.loads(answer.content) == {}
