"""Events of inspections."""

from uuid import UUID

from app.domains.observability import permissions as p
from app.kernel.events.envelope import Event


class InspectionStarted(Event, type="security.inspection.started", permission=p.OBSERVABILITY_READ):
    """An inspection was asked for, by somebody or by the daily schedule."""

    inspection_id: UUID
    baseline_version: str


class InspectionCompleted(Event, type="security.inspection.completed", permission=p.OBSERVABILITY_READ):
    """Every check was carried out; `new_failures` and `fixed` compare with the inspection before."""

    inspection_id: UUID
    score_percent: float
    failed_checks: int
    new_failures: list[str]
    fixed: list[str]


class InspectionFailed(Event, type="security.inspection.failed", permission=p.OBSERVABILITY_READ):
    """The inspection could not be carried out to its end."""

    inspection_id: UUID


class CheckWaived(Event, type="security.check.waived", permission=p.OBSERVABILITY_READ):
    """Somebody accepts what a check finds until `expires_at`; until then it raises no alert."""

    check_key: str
    reason: str
    expires_at: str
