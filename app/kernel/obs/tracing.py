"""OpenTelemetry traces over OTLP/HTTP, when `HANGAR_TRACE_ENDPOINT` names a collector.

The SDK is an optional extra (`hangar[otel]`): without an endpoint nothing of it is imported.
"""

from collections.abc import Callable

from app.settings import Settings
from app.version import VERSION


def configure(settings: Settings) -> Callable[[], None]:
    """Install a tracer provider that exports in batches; returns what sends the rest at the end.

    A server ends by its signal, so nothing that waits for the interpreter's exit would run. Raises ImportError
    when the extra is missing.
    """
    if not settings.trace_endpoint:
        return lambda: None
    from opentelemetry import trace  # noqa: PLC0415 optional extra
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": "hangar", "service.version": VERSION})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.trace_endpoint)))
    trace.set_tracer_provider(provider)
    return provider.shutdown
