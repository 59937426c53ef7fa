"""The shape that every protocol is turned into."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


class Record(NamedTuple):
    """A signal on its way into the table; the batch adds tenant, author and its own id."""

    occurred_at: datetime
    signal_type: str
    service_name: str
    signal_name: str
    level: str = "INFO"
    trace_id: str | None = None
    span_id: str | None = None
    status_code: int | None = None
    duration_ms: float | None = None
    numeric_value: float | None = None
    unit: str | None = None
    message: str | None = None
    detail: dict[str, Any] = {}
    series_id: UUID | None = None
