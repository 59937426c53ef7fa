"""One alert for each objective whose budget burns too fast: its severity follows the fastest tier that fires."""

from app.domains.observability.alerts.engine import Finding, Raised, raise_alert, resolve_alert
from app.domains.observability.slo.budget import Burn, burns
from app.domains.observability.slo.burn import TIERS
from app.domains.observability.slo.counts import Timeline, timeline
from app.domains.observability.slo.models import SloPolicy
from app.domains.observability.slo.service import BURN, subject
from app.domains.observability.slo.windows import Window
from app.domains.observability.words import Severity, Source
from app.kernel.tx import ReadTx, WriteTx

_MILDER = {Severity.P1: Severity.P2, Severity.P2: Severity.P3, Severity.P3: Severity.P3}


def firing(tx: ReadTx, policy: SloPolicy) -> tuple[Window, Burn] | None:
    """The fastest tier that fires, of any window. A faster tier inhibits the slower ones."""
    windows = [Window.of(stored) for stored in policy.objective_windows]
    line = timeline(tx, policy, tx.now - max(tier.long for tier in TIERS))
    found = [(window, burn) for window in windows for burn in _burns(tx, line, policy, window) if burn.firing]
    return min(found, key=lambda one: one[1].tier.long) if found else None


def tell(tx: WriteTx, policy: SloPolicy) -> Raised | None:
    """Open, change or close the alert of a policy that is locked."""
    found = firing(tx, policy)
    if found is None:
        resolve_alert(
            tx, Source.SLO, BURN, subject(policy.id), reason="The error budget burns slowly enough again."
        )
        return None
    return raise_alert(tx, _finding(policy, *found))


def _burns(tx: ReadTx, line: Timeline, policy: SloPolicy, window: Window) -> list[Burn]:
    starts, ends = window.around(tx.now, policy.timezone)
    return burns(line, ends - starts, tx.now, target=policy.target_ratio, minimum=policy.minimum_samples)


def _finding(policy: SloPolicy, window: Window, burn: Burn) -> Finding:
    severity = Severity(policy.alert_severity)
    rate = "without end" if burn.long_rate is None else f"{burn.long_rate:.1f} times as fast as it may"
    return Finding(
        Source.SLO,
        BURN,
        subject(policy.id),
        severity if burn.tier.page else _MILDER[severity],
        title=f"{policy.policy_key} burns its error budget",
        message=(
            f"In the last {_hours(burn)} {burn.long.bad} of {burn.long.total} signals were bad: the budget of"
            f" {window.label} burns {rate}; this tier alerts at {burn.factor:.1f}."
        ),
        labels={
            "policy_key": policy.policy_key,
            "service_name": policy.service_name,
            "signal_name": policy.signal_name,
        },
        value=burn.long_rate,
        runbook_url=policy.runbook_url,
        policy_id=policy.id,
    )


def _hours(burn: Burn) -> str:
    return f"{burn.tier.long.total_seconds() / 3600:.0f} h"
