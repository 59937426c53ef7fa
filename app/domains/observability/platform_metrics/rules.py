"""Built-in rules over what all processes have stored of themselves, so that every worker comes to the same answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.domains.observability.alerts.engine import Finding, raise_alert, resolve_alert
from app.domains.observability.platform_metrics.words import SERVICE
from app.domains.observability.words import Severity, Source
from app.kernel.events.envelope import ref
from app.kernel.tx import ReadTx, WriteTx

ERRORS_WITHIN = timedelta(minutes=5)
NEWEST_WITHIN = timedelta(seconds=150)
REQUESTS_AT_LEAST = 100
_SUBJECT = ref("service", SERVICE)

_REQUESTS = """
SELECT coalesce(sum(numeric_value), 0) AS total,
       coalesce(sum(numeric_value) FILTER (WHERE detail ->> 'status_class' = '5xx'), 0) AS errors
FROM signal WHERE tenant_id = %(tenant)s AND signal_name = 'http.requests' AND service_name = %(service)s
  AND occurred_at >= %(since)s AND occurred_at <= %(now)s
"""
_WORST = """
SELECT max(numeric_value) FROM signal
WHERE tenant_id = %(tenant)s AND signal_name = %(name)s AND service_name = %(service)s
  AND occurred_at >= %(since)s AND occurred_at <= %(now)s
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """Raised above `above`, resolved below `below`; in between and without a value it stays as it is."""

    key: str
    severity: Severity
    title: str
    message: str
    above: float
    below: float
    value: Callable[[ReadTx], float | None]


def _error_share(tx: ReadTx) -> float | None:
    """Percent of requests; 0 for fewer than a hundred, of which one would be much."""
    found = tx.conn.exec_driver_sql(_REQUESTS, _names(tx, ERRORS_WITHIN)).one()
    if found.total < REQUESTS_AT_LEAST:
        return 0.0
    return float(100 * found.errors / found.total)


def _worst(name: str) -> Callable[[ReadTx], float | None]:
    def value(tx: ReadTx) -> float | None:
        found: float | None = tx.conn.exec_driver_sql(_WORST, _names(tx, NEWEST_WITHIN, name)).scalar()
        return found

    return value


def _names(tx: ReadTx, within: timedelta, name: str = "") -> dict[str, object]:
    return {
        "tenant": tx.tenant_id,
        "service": SERVICE,
        "name": name,
        "since": tx.now - within,
        "now": tx.now,
    }


RULES = (
    Rule(
        "platform.errors",
        Severity.P1,
        "Hangar answers with errors",
        "{value:.1f} % of the requests of the last five minutes were answered 5xx.",
        above=1.0,
        below=0.5,
        value=_error_share,
    ),
    Rule(
        "platform.job_backlog",
        Severity.P2,
        "Jobs wait too long",
        "The oldest job that is due has waited {value:.0f} seconds.",
        above=300.0,
        below=60.0,
        value=_worst("jobs.oldest_seconds"),
    ),
    Rule(
        "platform.relay_lag",
        Severity.P1,
        "Events are not being numbered",
        "The relay has been waiting {value:.0f} seconds to seal events.",
        above=30.0,
        below=5.0,
        value=_worst("outbox.lag_seconds"),
    ),
)


def evaluate(tx: WriteTx) -> None:
    for rule in RULES:
        value = rule.value(tx)
        if value is not None and value > rule.above:
            raise_alert(tx, _finding(rule, value))
        elif value is not None and value < rule.below:
            resolve_alert(
                tx,
                Source.PLATFORM,
                rule.key,
                _SUBJECT,
                reason=f"Back to {value:.1f}, below {rule.below:g}.",
            )


def _finding(rule: Rule, value: float) -> Finding:
    return Finding(
        source=Source.PLATFORM,
        key=rule.key,
        subject=_SUBJECT,
        severity=rule.severity,
        title=rule.title,
        message=rule.message.format(value=value),
        value=value,
    )
