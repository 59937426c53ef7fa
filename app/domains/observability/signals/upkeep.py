"""Retention: what a tenant no longer keeps goes. Whole days leave by DROP, a tenant's earlier end by DELETE."""

from datetime import timedelta

from app.domains.observability.signals.partitions import drop_expired, make_ahead
from app.domains.observability.signals.preferences import DEFAULTS, preferences
from app.kernel.jobs.engine import JobContext
from app.kernel.tx import WriteTx

BATCHES_KEPT = timedelta(days=1)
_ROWS_A_RUN = 500_000
_RAW = """
DELETE FROM signal WHERE tenant_id = %(tenant)s AND (occurred_at, id) IN (
    SELECT occurred_at, id FROM signal WHERE tenant_id = %(tenant)s AND occurred_at < %(before)s
    ORDER BY occurred_at LIMIT %(most)s)
AND occurred_at < %(before)s
"""
_ROLLUP = """
DELETE FROM signal_rollup
WHERE tenant_id = %(tenant)s AND resolution = %(resolution)s AND bucket_at < %(before)s
"""
_BATCH = "DELETE FROM signal_batch WHERE tenant_id = %(tenant)s AND rolled_up AND received_at < %(before)s"


def keep_up(context: JobContext) -> None:
    """Delete what this tenant keeps no more, drop the days nobody keeps, make the next days' partitions.

    At most half a million raw signals a run; the next run goes on. Each step is a transaction of its own: making and
    dropping partitions locks out writers, so it must be over at once.
    """
    context.write(delete_expired)
    context.write(lambda tx: drop_expired(tx, DEFAULTS.raw_days))
    context.write(make_ahead)


def delete_expired(tx: WriteTx) -> None:
    """Delete signals, roll-ups and batches that are older than the tenant's retention."""
    wanted = preferences(tx)
    tx.conn.exec_driver_sql("SET LOCAL statement_timeout = '10min'")
    names = {"tenant": tx.tenant_id, "most": _ROWS_A_RUN, "before": tx.now - wanted.raw}
    tx.conn.exec_driver_sql(_RAW, names)
    for resolution, days in ((60, wanted.minute_days), (3600, wanted.hour_days)):
        tx.conn.exec_driver_sql(
            _ROLLUP, names | {"resolution": resolution, "before": tx.now - timedelta(days=days)}
        )
    tx.conn.exec_driver_sql(_BATCH, names | {"before": tx.now - BATCHES_KEPT})
