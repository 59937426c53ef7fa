"""Observability: signals, objectives, alerts, backups, inspections, capacity. What other domains may use.

Raise an alert in the transaction that noticed, resolve it in the one that saw the recovery:

    observability.raise_alert(tx, observability.Finding(Source.STOCK, "stock.low", ref("item", id), Severity.P2, …))
    observability.resolve_alert(tx, Source.STOCK, "stock.low", ref("item", id), reason="Back above 20.")
"""

from app.domains.observability.alerts.engine import (
    Finding,
    Raised,
    close_by_work,
    link_work,
    raise_alert,
    resolve_alert,
)
from app.domains.observability.alerts.owners import (
    ALERT_SORT,
    acknowledge_alert,
    open_alerts,
    open_keys,
)
from app.domains.observability.errors import AlertClosed, AlertNotFound
from app.domains.observability.words import Severity, Source

__all__ = [
    "ALERT_SORT",
    "AlertClosed",
    "AlertNotFound",
    "Finding",
    "Raised",
    "Severity",
    "Source",
    "acknowledge_alert",
    "close_by_work",
    "link_work",
    "open_alerts",
    "open_keys",
    "raise_alert",
    "resolve_alert",
]
