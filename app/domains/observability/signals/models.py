"""Signals, the series and batches they came in, their roll-ups, and what a tenant decided about them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    DateTime,
    Float,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.domains.observability.words import Level, SignalType, sql_words
from app.kernel.db.base import Base, TenantRow, Versioned

NO_SERIES = UUID(int=0)

_EMPTY = text("'{}'::jsonb")


class Protocol(StrEnum):
    """How a batch came. BACKFILL: from before signals were kept. EVENT: noticed in another domain's event."""

    JSON = "JSON"
    NDJSON = "NDJSON"
    OTLP = "OTLP"
    REMOTE_WRITE = "REMOTE_WRITE"
    BACKFILL = "BACKFILL"
    EVENT = "EVENT"


def _words() -> tuple[CheckConstraint, CheckConstraint]:
    return (
        CheckConstraint(f"signal_type IN ({sql_words(SignalType)})", name="signal_type_word"),
        CheckConstraint(f"level IN ({sql_words(Level)})", name="level_word"),
    )


class Signal(Base):
    """One log line, metric sample or span. Partitioned by day; never changed, and gone after the retention.

    `duration_ms` and `numeric_value` are float8: only its comparisons are leakproof, so only they reach an index.
    """

    __tablename__ = "signal"
    __table_args__ = (
        *_words(),
        CheckConstraint("length(service_name) BETWEEN 1 AND 120", name="service_name_length"),
        CheckConstraint("length(signal_name) BETWEEN 1 AND 120", name="signal_name_length"),
        CheckConstraint("length(message) <= 500", name="message_length"),
        CheckConstraint("duration_ms >= 0", name="duration_not_negative"),
        Index("ix_signal_name", "tenant_id", "signal_name", "service_name", "occurred_at"),
        Index("ix_signal_trace", "tenant_id", "trace_id", postgresql_where=text("trace_id IS NOT NULL")),
        {
            "postgresql_partition_by": "RANGE (occurred_at)",
            "info": {"grants": "SELECT, INSERT, DELETE"},
        },
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    signal_type: Mapped[str]
    level: Mapped[str]
    service_name: Mapped[str]
    signal_name: Mapped[str]
    trace_id: Mapped[str | None]
    span_id: Mapped[str | None]
    status_code: Mapped[int | None]
    duration_ms: Mapped[float | None] = mapped_column(Float)
    numeric_value: Mapped[float | None] = mapped_column(Float)
    unit: Mapped[str | None]
    message: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY)
    created_by: Mapped[str]
    series_id: Mapped[UUID | None]
    batch_id: Mapped[UUID]


class SignalSeries(TenantRow, Base):
    """A metric with its labels, named once. `fingerprint` is the SHA-256 of all that tells series apart."""

    __tablename__ = "signal_series"
    __table_args__ = (
        UniqueConstraint("tenant_id", "fingerprint"),
        CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint_is_sha256"),
        {"info": {"grants": "SELECT, INSERT, DELETE"}},
    )

    service_name: Mapped[str]
    signal_name: Mapped[str]
    unit: Mapped[str | None]
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class SignalBatch(TenantRow, Base):
    """What came in one request. `minutes` are those its signals fall in; the roll-ups of these are made again.

    `digest` is the body's SHA-256 for protocols that have no idempotency key; it is taken back after the window.
    """

    __tablename__ = "signal_batch"
    __table_args__ = (
        CheckConstraint(f"protocol IN ({sql_words(Protocol)})", name="protocol_word"),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        UniqueConstraint("tenant_id", "protocol", "digest"),
        Index("ix_signal_batch_received", "tenant_id", "received_at"),
        Index("ix_signal_batch_waiting", "tenant_id", "id", postgresql_where=text("NOT rolled_up")),
    )

    protocol: Mapped[str]
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    item_count: Mapped[int]
    rejected_count: Mapped[int] = mapped_column(default=0, server_default="0")
    minutes: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    rolled_up: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    received_at: Mapped[datetime]


class SignalRollup(Base):
    """Signals of one kind in one bucket of `resolution` seconds, as sums that add up and sketches that merge.

    Sketches are jsonb of {bucket: count}; see `sketch`. `series_id` is the zero UUID for signals without one: a key can't hold NULL.
    """

    __tablename__ = "signal_rollup"
    __table_args__ = (
        *_words(),
        CheckConstraint("resolution IN (60, 3600)", name="resolution_word"),
        Index("ix_signal_rollup_name", "tenant_id", "signal_name", "service_name", "resolution", "bucket_at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    resolution: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bucket_at: Mapped[datetime] = mapped_column(primary_key=True)
    service_name: Mapped[str] = mapped_column(primary_key=True)
    signal_name: Mapped[str] = mapped_column(primary_key=True)
    signal_type: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    series_id: Mapped[UUID] = mapped_column(primary_key=True)
    total: Mapped[int]
    errors: Mapped[int]
    value_count: Mapped[int]
    value_sum: Mapped[float] = mapped_column(Float)
    value_min: Mapped[float | None] = mapped_column(Float)
    value_max: Mapped[float | None] = mapped_column(Float)
    value_sketch: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY)
    duration_count: Mapped[int]
    duration_sum: Mapped[float] = mapped_column(Float)
    duration_min: Mapped[float | None] = mapped_column(Float)
    duration_max: Mapped[float | None] = mapped_column(Float)
    duration_sketch: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_EMPTY)


class SignalSettings(Versioned, Base):
    """How long a tenant keeps what, and how much it may send. Defaults hold where there is no row."""

    __tablename__ = "signal_settings"
    __table_args__ = (
        CheckConstraint("raw_days BETWEEN 1 AND 400", name="raw_days_range"),
        CheckConstraint("minute_days BETWEEN 1 AND 400", name="minute_days_range"),
        CheckConstraint("hour_days BETWEEN 1 AND 3660", name="hour_days_range"),
        CheckConstraint("items_per_second BETWEEN 1 AND 10000000", name="items_per_second_range"),
        {"info": {"grants": "SELECT, INSERT, UPDATE"}},
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    raw_days: Mapped[int]
    minute_days: Mapped[int]
    hour_days: Mapped[int]
    items_per_second: Mapped[int]
    updated_at: Mapped[datetime]
