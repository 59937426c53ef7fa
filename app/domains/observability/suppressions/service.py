"""Use cases of suppressions. What they do to open alerts is done at once, and again by the job that tells."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domains.observability.alerts.models import Alert
from app.domains.observability.alerts.queries import COLUMNS
from app.domains.observability.alerts.schemas import AlertRead
from app.domains.observability.errors import SuppressionNotFound
from app.domains.observability.events import SuppressionCreated, SuppressionEnded
from app.domains.observability.suppressions import effect
from app.domains.observability.suppressions.models import Suppression
from app.domains.observability.suppressions.schemas import (
    LONGEST_MAINTENANCE,
    LONGEST_SILENCE,
    Inhibition,
    Maintenance,
    Preview,
    Silence,
)
from app.kernel.events.envelope import ref
from app.kernel.problem import invalid
from app.kernel.tx import ReadTx, WriteTx

SHOWN = 100
AnySuppress = Silence | Maintenance | Inhibition


def create(tx: WriteTx, wanted: AnySuppress) -> Suppression:
    """422 for a period that is over, turned round, or longer than its kind may be."""
    made = _build(tx, wanted)
    tx.add(made)
    tx.emit(
        SuppressionCreated(suppression_id=made.id, kind=made.kind, comment=made.comment),
        subject=ref("suppression", made.id),
        after=wanted.model_dump(mode="json"),
    )
    effect.refresh(tx)
    return made


def end(tx: WriteTx, suppression_id: UUID) -> Suppression:
    """End it now; one that is over stays as it is. Alerts that are still open are told of.

    Raises `SuppressionNotFound`, `PreconditionFailed`.
    """
    wanted = select(Suppression).where(Suppression.id == suppression_id).with_for_update()
    found = tx.get(wanted, SuppressionNotFound)
    tx.match(found)
    if found.ends_at is not None and found.ends_at <= tx.now:
        return found
    before = found.ends_at
    found.starts_at = min(found.starts_at, tx.now - timedelta(microseconds=1))
    found.ends_at = tx.now
    found.version += 1
    found.updated_at = tx.now
    tx.flush()
    tx.emit(
        SuppressionEnded(suppression_id=found.id, kind=found.kind),
        subject=ref("suppression", found.id),
        before={"ends_at": before.isoformat() if before else None},
        after={"ends_at": tx.now.isoformat()},
    )
    effect.refresh(tx)
    return found


def preview(tx: ReadTx, wanted: AnySuppress) -> Preview:
    """Whom it would keep quiet if it were in force now. Writes nothing."""
    found = effect.affected(effect.open_alerts(tx), _build(tx, wanted))
    newest = sorted((each.id for each in found), reverse=True)[:SHOWN]
    rows = tx.all(COLUMNS.where(Alert.id.in_(newest)).order_by(Alert.created_at.desc(), Alert.id.desc()))
    return Preview(affected_count=len(found), alerts=[AlertRead.of(row, tx.now) for row in rows])


def _build(tx: ReadTx, wanted: AnySuppress) -> Suppression:
    fields: dict[str, Any] = wanted.model_dump(mode="json", exclude={"starts_at", "ends_at"})
    starts = getattr(wanted, "starts_at", None) or tx.now
    ends = wanted.ends_at
    if ends is not None and ends <= max(starts, tx.now):
        raise invalid(
            "suppress/ends_at", "not_after_start", "ends_at must lie after starts_at and in the future."
        )
    longest = LONGEST_SILENCE if wanted.kind == "SILENCE" else LONGEST_MAINTENANCE
    if ends is not None and wanted.kind != "INHIBITION" and ends - starts > longest:
        raise invalid(
            "suppress/ends_at", "lasts_too_long", f"A {wanted.kind} lasts {longest.days} days at most."
        )
    return Suppression(
        **{"equal": [], "weekly": None, "source_matchers": None} | fields,
        starts_at=starts,
        ends_at=ends,
        created_by=tx.actor,
        created_at=tx.now,
        updated_at=tx.now,
    )
