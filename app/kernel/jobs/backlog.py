"""How many jobs wait, measured by every worker process for itself: the gauges of none are older than a round."""

import threading

import structlog

from app.kernel.db.engine import Database
from app.kernel.jobs.engine import QUEUES
from app.kernel.obs.metrics import JOBS_OLDEST, JOBS_QUEUED

log = structlog.get_logger("hangar.worker")

EVERY_SECONDS = 10.0
_BACKLOG = """
SELECT queue_name, count(*), coalesce(extract(epoch FROM now() - min(coalesce(scheduled_at, now()))), 0)
FROM jobs.procrastinate_jobs
WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) GROUP BY queue_name
"""


def measure_backlog(database: Database) -> None:
    """Set the gauges of every queue."""
    found = dict.fromkeys(QUEUES, (0, 0.0))
    with database.connect() as conn:
        for queue, count, oldest in conn.exec_driver_sql(_BACKLOG):
            found[queue] = (count, float(oldest))
    for name, (count, oldest) in found.items():
        JOBS_QUEUED.labels(name).set(count)
        JOBS_OLDEST.labels(name).set(oldest)


def keep_measuring(database: Database, stop: threading.Event, every: float = EVERY_SECONDS) -> None:
    """Until `stop` is set. What can't be measured is taken away: an old figure would pass for a new one."""
    while True:
        try:
            measure_backlog(database)
        except Exception as error:  # noqa: BLE001 whatever it is, the next round may be better
            JOBS_QUEUED.clear()
            JOBS_OLDEST.clear()
            log.warning("backlog_not_measured", error=type(error).__name__)
        if stop.wait(every):
            return
