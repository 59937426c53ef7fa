"""Events of objectives."""

from datetime import datetime
from uuid import UUID

from app.domains.observability import permissions as p
from app.kernel.events.envelope import Event


class SloPolicyCreated(Event, type="slo.policy.created", permission=p.OBSERVABILITY_READ):
    """An objective was set."""

    policy_id: UUID
    policy_key: str


class SloPolicyUpdated(Event, type="slo.policy.updated", permission=p.OBSERVABILITY_READ):
    """An objective was changed."""

    policy_id: UUID
    policy_key: str


class SloPolicyDeleted(Event, type="slo.policy.deleted", permission=p.OBSERVABILITY_READ):
    """An objective was removed, with its evaluations."""

    policy_id: UUID
    policy_key: str


class SloEvaluated(Event, type="slo.evaluated", permission=p.OBSERVABILITY_READ):
    """An objective was evaluated by hand, or by the schedule with another outcome than before."""

    policy_id: UUID
    policy_key: str
    status: str
    previous_status: str | None
    availability_ratio: float
    total_samples: int


class SloCorrected(Event, type="slo.corrected", permission=p.OBSERVABILITY_READ):
    """A time was excluded from an objective."""

    policy_id: UUID
    correction_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str


class SloCorrectionWithdrawn(Event, type="slo.correction_withdrawn", permission=p.OBSERVABILITY_READ):
    """A time that was excluded from an objective counts again."""

    policy_id: UUID
    correction_id: UUID
    reason: str
