"""Open alerts and how old backups are, over all tenants, as metrics of this process.

Tenants are read one by one, each in its own transaction: no query here sees two of them.
"""

from collections import Counter
from datetime import datetime

from app.domains.observability.words import Severity
from app.kernel.clock import now
from app.kernel.db.engine import Database, bind
from app.kernel.obs.metrics import ALERTS_OPEN, PROTECTION_AGE, TENANTS_UNPROTECTED
from app.platform import identity

_OPEN = "SELECT severity, count(*) FROM alert WHERE status <> 'CLOSED' GROUP BY severity"
_LAST = """
SELECT (SELECT max(at) FROM event WHERE type = 'backup.succeeded') AS backup,
       (SELECT max(at) FROM event WHERE type = 'restore_drill.passed') AS drill
"""


def measure_protection(database: Database) -> None:
    """Set the gauges. When it fails they are taken away: an old figure would pass for a new one."""
    try:
        _measure(database)
    except Exception:
        for gauge in (ALERTS_OPEN, PROTECTION_AGE, TENANTS_UNPROTECTED):
            gauge.clear()
        raise


def _measure(database: Database) -> None:
    open_alerts: Counter[str] = Counter()
    last: dict[str, list[datetime | None]] = {"backup": [], "drill": []}
    for tenant_id in identity.list_tenants(database):
        with database.connect() as conn, conn.begin():
            bind(conn, tenant_id, "system:self-observation", read_only=True)
            open_alerts.update({row.severity: row.count for row in conn.exec_driver_sql(_OPEN)})
            row = conn.exec_driver_sql(_LAST).one()
        last["backup"].append(row.backup)
        last["drill"].append(row.drill)
    for severity in Severity:
        ALERTS_OPEN.labels(severity.value).set(open_alerts[severity])
    PROTECTION_AGE.clear()
    for what, times in last.items():
        known = [time for time in times if time is not None]
        TENANTS_UNPROTECTED.labels(what).set(len(times) - len(known))
        if known:
            PROTECTION_AGE.labels(what).set((now() - min(known)).total_seconds())
