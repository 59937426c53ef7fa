"""The budget of an objective as it is answered."""

from uuid import UUID

from sqlalchemy import select

from app.domains.observability.slo.budget import Budget, Burn, budget
from app.domains.observability.slo.burn import TIERS
from app.domains.observability.slo.counts import timeline
from app.domains.observability.slo.errors import SloPolicyNotFound
from app.domains.observability.slo.models import SloPolicy
from app.domains.observability.slo.schemas import (
    BurnRead,
    ExhaustionRead,
    SloBudget,
    WindowBudget,
    WindowRead,
)
from app.domains.observability.slo.windows import Window
from app.kernel.tx import ReadTx


def read_budget(tx: ReadTx, policy_id: UUID) -> SloBudget:
    """Raises `SloPolicyNotFound`."""
    policy: SloPolicy = tx.one(  # type: ignore[assignment]
        select(*SloPolicy.__table__.c).where(SloPolicy.id == policy_id), SloPolicyNotFound
    )
    windows = [Window.of(stored) for stored in policy.objective_windows]
    starts = [window.around(tx.now, policy.timezone)[0] for window in windows]
    longest = max(tier.long for tier in TIERS)
    line = timeline(tx, policy, min(*starts, tx.now - longest))
    found = [
        budget(
            line,
            window,
            tx.now,
            target=policy.target_ratio,
            timezone=policy.timezone,
            minimum=policy.minimum_samples,
        )
        for window in windows
    ]
    return SloBudget(
        policy_id=policy.id,
        policy_key=policy.policy_key,
        target_ratio=policy.target_ratio,
        timezone=policy.timezone,
        measured_from=line.first,
        computed_at=tx.now,
        windows=[_window(one) for one in found],
    )


def _window(found: Budget) -> WindowBudget:
    window = found.window
    return WindowBudget(
        window=WindowRead(kind=window.kind, days=window.days, unit=window.unit),
        label=window.label,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        total=found.raw.total,
        bad=found.raw.bad,
        corrected_total=found.corrected.total,
        corrected_bad=found.corrected.bad,
        allowed_bad=found.allowed_bad,
        spent_ratio=found.spent,
        remaining_ratio=found.remaining,
        burn_rate=found.rate,
        burns=[_burn(burn) for burn in found.burns],
        exhaustion=ExhaustionRead(
            earliest_at=found.outlook.earliest,
            likely_at=found.outlook.likely,
            latest_at=found.outlook.latest,
        ),
    )


def _burn(found: Burn) -> BurnRead:
    return BurnRead(
        tier=found.tier.name,
        pages=found.tier.page,
        factor=found.factor,
        long_minutes=int(found.tier.long.total_seconds() // 60),
        short_minutes=int(found.tier.short.total_seconds() // 60),
        long_total=found.long.total,
        long_bad=found.long.bad,
        long_rate=found.long_rate,
        short_rate=found.short_rate,
        reachable=found.reachable,
        firing=found.firing,
    )
