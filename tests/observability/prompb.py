"""`prometheus.WriteRequest` for tests, encoded by Google's protobuf, not by the code under test."""

from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_KINDS = descriptor_pb2.FieldDescriptorProto
_MESSAGES: dict[str, list[tuple[str, int, int, str]]] = {
    "Label": [("name", 1, _KINDS.TYPE_STRING, ""), ("value", 2, _KINDS.TYPE_STRING, "")],
    "Sample": [("value", 1, _KINDS.TYPE_DOUBLE, ""), ("timestamp", 2, _KINDS.TYPE_INT64, "")],
    "Histogram": [("sum", 3, _KINDS.TYPE_DOUBLE, "")],
    "TimeSeries": [
        ("labels", 1, _KINDS.TYPE_MESSAGE, "Label"),
        ("samples", 2, _KINDS.TYPE_MESSAGE, "Sample"),
        ("histograms", 4, _KINDS.TYPE_MESSAGE, "Histogram"),
    ],
    "MetricMetadata": [("type", 1, _KINDS.TYPE_INT32, ""), ("metric_family_name", 2, _KINDS.TYPE_STRING, "")],
    "WriteRequest": [
        ("timeseries", 1, _KINDS.TYPE_MESSAGE, "TimeSeries"),
        ("metadata", 3, _KINDS.TYPE_MESSAGE, "MetricMetadata"),
    ],
}


def _build() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="hangar_test.proto", package="hangar_test", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            made = message.field.add(name=field, number=number, type=kind)
            made.label = _KINDS.LABEL_REPEATED if of else _KINDS.LABEL_OPTIONAL
            if of:
                made.type_name = f".hangar_test.{of}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)  # type: ignore[attr-defined]
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("hangar_test.WriteRequest"))


WriteRequest = _build()


def request(*series: tuple[dict[str, str], list[tuple[int, float]]]) -> Any:
    """A request of (labels, [(milliseconds, value)])."""
    made = WriteRequest()
    for labels, samples in series:
        one = made.timeseries.add()
        for name, value in labels.items():
            one.labels.add(name=name, value=value)
        for at, value in samples:
            one.samples.add(timestamp=at, value=value)
    return made


def packed(made: Any) -> bytes:
    return bytes(cramjam.snappy.compress_raw(made.SerializeToString()))
