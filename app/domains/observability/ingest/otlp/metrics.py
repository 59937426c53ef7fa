"""Metrics: one METRIC signal a data point, its attributes kept as the labels of its series.

`numeric_value` is the value of a gauge or a sum, and the sum of a histogram or summary, whose `detail` has the rest
(`count, sum, min, max` and the buckets or quantiles). Cumulative points stay cumulative and delta points delta:
the label `__temporality__` says which, `__type__` what kind, `__monotonic__` whether a sum may fall.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    DataPointFlags,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)

from app.domains.observability.ingest.items import Period
from app.domains.observability.ingest.otlp.attributes import (
    LONGEST_NAME,
    at_of,
    attributes_of,
    clean,
    labels_of,
    number,
    service_of,
)
from app.domains.observability.ingest.record import Record
from app.domains.observability.ingest.series import SeriesName, series_ids
from app.domains.observability.words import SignalType
from app.kernel.tx import WriteTx

AnyPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint
_NO_VALUE = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
_TEMPORALITY = {
    AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA: "delta",
    AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE: "cumulative",
}


class Measured(NamedTuple):
    series: SeriesName
    record: Record


def metric_records(
    tx: WriteTx, request: ExportMetricsServiceRequest, period: Period
) -> tuple[list[Record], list[str]]:
    """The records, their series stored, and a reason for each point that can't be one."""
    measured: list[Measured] = []
    rejected: list[str] = []
    for service, shared, metric in _metrics(request):
        for point in _points(metric):
            made = _measure(tx, service, shared, metric, point)
            fault = made if isinstance(made, str) else period.fault(made.record.occurred_at)
            if isinstance(fault, tuple):
                rejected.append(fault[1])
            elif isinstance(made, str):
                rejected.append(made)
            elif not point.flags & _NO_VALUE:
                measured.append(made)
    ids = series_ids(tx, {id(one.series): one.series for one in measured}.values())
    return [one.record._replace(series_id=ids[one.series.fingerprint()]) for one in measured], rejected


def _metrics(request: ExportMetricsServiceRequest) -> Iterator[tuple[str, dict[str, str], Metric]]:
    for of_resource in request.resource_metrics:
        service, attributes = service_of(of_resource.resource)
        shared = labels_of(attributes)
        for of_scope in of_resource.scope_metrics:
            scope = {"otel.scope.name": clean(of_scope.scope.name)} if of_scope.scope.name else {}
            for metric in of_scope.metrics:
                yield service, shared | scope, metric


def _points(metric: Metric) -> Iterator[AnyPoint]:
    kind = metric.WhichOneof("data")
    if kind is not None:
        yield from getattr(metric, kind).data_points


def _measure(
    tx: WriteTx, service: str, shared: dict[str, str], metric: Metric, point: AnyPoint
) -> Measured | str:
    name = clean(metric.name).strip()
    if not 0 < len(name) <= LONGEST_NAME:
        return f"A metric's name has 1 to {LONGEST_NAME} characters."
    labels = shared | labels_of(attributes_of(point.attributes)) | _kind(metric)
    value, detail = _value(point)
    finite = value is not None and math.isfinite(value)
    record = Record(
        at_of(point.time_unix_nano) or tx.now,
        SignalType.METRIC,
        service,
        name,
        numeric_value=value if finite else None,
        unit=clean(metric.unit)[:40] or None,
        detail=detail if finite or value is None else detail | {"value": str(value)},
    )
    return Measured(SeriesName(service, name, record.unit, labels), record)


def _kind(metric: Metric) -> dict[str, str]:
    kind = metric.WhichOneof("data") or ""
    data = getattr(metric, kind)
    told: dict[str, str] = {"__type__": kind}
    if kind not in {"gauge", "summary"}:
        told["__temporality__"] = _TEMPORALITY.get(data.aggregation_temporality, "unspecified")
    if kind == "sum":
        told["__monotonic__"] = "true" if data.is_monotonic else "false"
    return told


def _value(point: AnyPoint) -> tuple[float | None, dict[str, Any]]:
    if isinstance(point, NumberDataPoint):
        kind = point.WhichOneof("value")
        return (float(getattr(point, kind)) if kind else None), {}
    if isinstance(point, SummaryDataPoint):
        quantiles = [[number(at.quantile), number(at.value)] for at in point.quantile_values]
        return point.sum, {"count": point.count, "sum": number(point.sum), "quantiles": quantiles}
    detail: dict[str, Any] = {"count": point.count}
    for name in ("sum", "min", "max"):
        if point.HasField(name):
            detail[name] = number(getattr(point, name))
    if isinstance(point, HistogramDataPoint):
        detail["bounds"] = [number(bound) for bound in point.explicit_bounds]
        detail["counts"] = list(point.bucket_counts)
    else:
        detail |= {"scale": point.scale, "zero_count": point.zero_count}
        for side in ("positive", "negative"):
            buckets = getattr(point, side)
            detail[side] = {"offset": buckets.offset, "counts": list(buckets.bucket_counts)}
    return (point.sum if point.HasField("sum") else None), detail
