"""Signals: their tables, and the owner's two functions that make and drop their partitions."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op
from app.kernel.db import migrate as m
from app.kernel.db import rls

revision = "202602280104"
down_revision = "202602240044"
branch_labels = None
depends_on = None
phase = "expand"

_GRANTS = "SELECT, INSERT, DELETE"
_TYPES = "signal_type IN ('LOG', 'METRIC', 'TRACE')"
_LEVELS = "level IN ('DEBUG', 'INFO', 'WARN', 'ERROR')"
_PROTOCOLS = "protocol IN ('JSON', 'NDJSON', 'OTLP', 'REMOTE_WRITE', 'BACKFILL', 'EVENT')"
_TEMPLATE = "public.signal_template"
_RULES = ",\n        ".join(f"$rule${line}$rule$" for line in rls.tenant_rls(_TEMPLATE, grants=_GRANTS))

# The app role owns nothing, so partitions come and go through these. A day whose rows lie in the default partition
# already stays there: they leave by DELETE.
_MAKE = f"""
CREATE FUNCTION public.signal_partitions_make(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $function$
DECLARE
    day date;
    name text;
    rule text;
    made integer := 0;
BEGIN
    IF ahead NOT BETWEEN 0 AND 14 THEN
        RAISE EXCEPTION 'from 0 to 14 days ahead, not %', ahead USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('signal_partitions'));
    FOR step IN 0 .. ahead LOOP
        day := current_date + step;
        name := 'public.signal_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        BEGIN
            EXECUTE format(
                'CREATE TABLE %s PARTITION OF public.signal FOR VALUES FROM (%L) TO (%L)',
                name, day::timestamptz, (day + 1)::timestamptz);
        EXCEPTION WHEN check_violation THEN
            CONTINUE;
        END;
        FOREACH rule IN ARRAY ARRAY[
        {_RULES}
        ] LOOP
            EXECUTE replace(rule, '{_TEMPLATE}', name);
        END LOOP;
        made := made + 1;
    END LOOP;
    RETURN made;
END
$function$
"""

# With row_security off a query that policies would thin out is an error, not a short answer: an owner who can't see
# every tenant's wish keeps everything for as long as any tenant may wish.
_DROP = """
CREATE FUNCTION public.signal_partitions_drop(default_days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET row_security = off
AS $function$
DECLARE
    keep integer;
    name text;
    dropped integer := 0;
BEGIN
    IF default_days NOT BETWEEN 1 AND 400 THEN
        RAISE EXCEPTION 'from 1 to 400 days, not %', default_days USING ERRCODE = '22023';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('signal_partitions'));
    BEGIN
        SELECT greatest(default_days, max(raw_days)) INTO keep FROM public.signal_settings;
    EXCEPTION WHEN insufficient_privilege THEN
        keep := 400;
    END;
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.signal'::regclass AND c.relname ~ '^signal_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < current_date - keep
    LOOP
        EXECUTE format('DROP TABLE public.%I', name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$function$
"""
_FUNCTIONS = ("signal_partitions_make(integer)", "signal_partitions_drop(integer)")


def _text(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _time(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _document(name: str) -> sa.Column:
    return sa.Column(name, JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))


def upgrade() -> None:
    _signal()
    _around()
    _rollup()
    for body in (_MAKE, _DROP):
        m.run_script(body)
    for function in _FUNCTIONS:
        m.run_script(f"REVOKE ALL ON FUNCTION public.{function} FROM PUBLIC")
        m.run_script(f"GRANT EXECUTE ON FUNCTION public.{function} TO {rls.APP_ROLE}")


def _signal() -> None:
    m.create_tenant_table(
        "signal",
        _time("occurred_at"),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_text("signal_type", "level", "service_name", "signal_name"),
        sa.Column("trace_id", sa.Text()),
        sa.Column("span_id", sa.Text()),
        sa.Column("status_code", sa.Integer()),
        sa.Column("duration_ms", sa.Float()),
        sa.Column("numeric_value", sa.Float()),
        sa.Column("unit", sa.Text()),
        sa.Column("message", sa.Text()),
        _document("detail"),
        *_text("created_by"),
        sa.Column("series_id", sa.Uuid()),
        sa.Column("batch_id", sa.Uuid()),
        sa.CheckConstraint(_TYPES, name="signal_type_word"),
        sa.CheckConstraint(_LEVELS, name="level_word"),
        sa.CheckConstraint("length(service_name) BETWEEN 1 AND 120", name="service_name_length"),
        sa.CheckConstraint("length(signal_name) BETWEEN 1 AND 120", name="signal_name_length"),
        sa.CheckConstraint("length(message) <= 500", name="message_length"),
        sa.CheckConstraint("duration_ms >= 0", name="duration_not_negative"),
        sa.Index("ix_signal_name", "tenant_id", "signal_name", "service_name", "occurred_at"),
        sa.Index("ix_signal_trace", "tenant_id", "trace_id", postgresql_where=sa.text("trace_id IS NOT NULL")),
        key=("occurred_at", "id"),
        grants=_GRANTS,
        partition_by="RANGE (occurred_at)",
    )
    m.create_partition("signal", "signal_default", "DEFAULT", grants=_GRANTS)


def _around() -> None:
    m.create_tenant_table(
        "signal_series",
        *_text("service_name", "signal_name"),
        sa.Column("unit", sa.Text()),
        _document("labels"),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        _time("created_at"),
        sa.UniqueConstraint("tenant_id", "fingerprint"),
        sa.CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint_is_sha256"),
        grants=_GRANTS,
    )
    m.create_tenant_table(
        "signal_batch",
        *_text("protocol"),
        sa.Column("digest", sa.LargeBinary()),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("rejected_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("minutes", sa.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.Column("rolled_up", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        _time("received_at"),
        sa.CheckConstraint(_PROTOCOLS, name="protocol_word"),
        sa.CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        sa.UniqueConstraint("tenant_id", "protocol", "digest"),
        sa.Index("ix_signal_batch_received", "tenant_id", "received_at"),
        sa.Index("ix_signal_batch_waiting", "tenant_id", "id", postgresql_where=sa.text("NOT rolled_up")),
    )
    m.create_tenant_table(
        "signal_settings",
        sa.Column("raw_days", sa.Integer(), nullable=False),
        sa.Column("minute_days", sa.Integer(), nullable=False),
        sa.Column("hour_days", sa.Integer(), nullable=False),
        sa.Column("items_per_second", sa.Integer(), nullable=False),
        _time("updated_at"),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.CheckConstraint("raw_days BETWEEN 1 AND 400", name="raw_days_range"),
        sa.CheckConstraint("minute_days BETWEEN 1 AND 400", name="minute_days_range"),
        sa.CheckConstraint("hour_days BETWEEN 1 AND 3660", name="hour_days_range"),
        sa.CheckConstraint("items_per_second BETWEEN 1 AND 10000000", name="items_per_second_range"),
        key=(),
        grants="SELECT, INSERT, UPDATE",
    )


def _rollup() -> None:
    sums = [
        column
        for what in ("value", "duration")
        for column in (
            sa.Column(f"{what}_count", sa.Integer(), nullable=False),
            sa.Column(f"{what}_sum", sa.Float(), nullable=False),
            sa.Column(f"{what}_min", sa.Float()),
            sa.Column(f"{what}_max", sa.Float()),
            _document(f"{what}_sketch"),
        )
    ]
    m.create_tenant_table(
        "signal_rollup",
        sa.Column("resolution", sa.Integer(), nullable=False, autoincrement=False),
        _time("bucket_at"),
        *_text("service_name", "signal_name", "signal_type", "level"),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        *sums,
        sa.CheckConstraint(_TYPES, name="signal_type_word"),
        sa.CheckConstraint(_LEVELS, name="level_word"),
        sa.CheckConstraint("resolution IN (60, 3600)", name="resolution_word"),
        sa.Index(
            "ix_signal_rollup_name", "tenant_id", "signal_name", "service_name", "resolution", "bucket_at"
        ),
        key=("resolution", "bucket_at", "service_name", "signal_name", "signal_type", "level", "series_id"),
    )


def downgrade() -> None:
    for function in _FUNCTIONS:
        m.run_script(f"DROP FUNCTION public.{function}")
    for table in ("signal_rollup", "signal_settings", "signal_batch", "signal_series", "signal"):
        op.drop_table(table)
